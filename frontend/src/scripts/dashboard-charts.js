// The only file that knows the chart library. It draws what the server describes in the
// <script type="application/json"> of each [data-chart]:
//
//   {"kind": "columns" | "bars", "labels": [...], "series": [{"name", "values"}, …]}
//
// Each chart stands beside its table, which holds every figure: the drawing answers no pointer.
import { BarChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

use([BarChart, GridComponent, LegendComponent, AriaComponent, SVGRenderer]);

const COLOURS = ["#0b5cad", "#d9480f"];
const INK = "#4b5563";
const LINE = "#dce1e7";
const PHONE = 500;

// The box stays left-to-right, or the library would mirror its measures; the axes change sides.
const mirrored = document.documentElement.dir === "rtl";
const font = { color: INK, fontSize: 12, fontFamily: getComputedStyle(document.documentElement).getPropertyValue("--tblr-font-sans-serif") };

// Arabic names hold Latin letters: within the left-to-right box each is a right-to-left text of its own.
const written = (text) => (mirrored ? `\u202b${text}\u202c` : text);

// A decal tells the series apart where colours do not.
const DECALS = [
  { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 5], rotation: -Math.PI / 4, color: "rgba(255,255,255,0.22)" },
  { symbol: "circle", symbolSize: 0.5, dashArrayX: [[0, 8], [4, 8]], dashArrayY: [8, 4], color: "rgba(255,255,255,0.28)" },
];

function options(data, width) {
  const bars = data.kind === "bars";
  const names = {
    type: "category",
    data: data.labels.map(written),
    inverse: bars || mirrored,
    position: bars && mirrored ? "right" : undefined,
    axisTick: { show: false },
    axisLine: { lineStyle: { color: INK } },
    axisLabel: { ...font, ...(bars && { width: width < PHONE ? 110 : 190, overflow: "truncate" }), hideOverlap: true },
  };
  const values = {
    type: "value",
    inverse: bars && mirrored,
    position: !bars && mirrored ? "right" : undefined,
    minInterval: bars ? 0 : 1,
    axisLabel: font,
    splitLine: { lineStyle: { color: LINE } },
  };
  return {
    animation: false,
    textStyle: font,
    grid: { top: 38, bottom: 4, left: 6, right: 14, containLabel: true },
    legend: { top: 0, [mirrored ? "left" : "right"]: 6, textStyle: font, selectedMode: false, itemWidth: 22, itemHeight: 13 },
    xAxis: bars ? values : names,
    yAxis: bars ? names : values,
    series: data.series.map((one, at) => ({
      type: "bar",
      name: written(one.name),
      data: one.values,
      barMaxWidth: 24,
      barGap: "8%",
      silent: true,
      itemStyle: { color: COLOURS[at], decal: DECALS[at] },
    })),
  };
}

function draw(box) {
  const data = JSON.parse(box.querySelector("script").textContent);
  const stage = document.createElement("div");
  stage.className = "chart-stage";
  box.append(stage);
  const rows = data.labels.length * data.series.length;
  if (data.kind === "bars") stage.style.height = `${Math.max(180, 60 + rows * 19)}px`;
  const chart = init(stage, null, { renderer: "svg" });
  chart.setOption(options(data, box.clientWidth));
  new ResizeObserver(() => {
    chart.resize();
    chart.setOption(options(data, box.clientWidth));
  }).observe(box);
}

document.addEventListener("DOMContentLoaded", () => {
  for (const box of document.querySelectorAll("[data-chart]")) draw(box);
});
