// What the server wrote into the page's head.
const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content ?? "";

export const csrf = () => meta("csrf-token");
export const language = () => document.documentElement.lang || "fr";
export const sessionExpiresAt = () => Number(meta("session-expires-at")) || null;
export const healthUrl = () => meta("health-url");

// The server answers 401 with the sign-in address when the session has ended.
export function leaveIfSignedOut(response) {
  if (response.status !== 401) return false;
  location.href = response.headers.get("HX-Redirect") || "/guichet/sign-in";
  return true;
}
