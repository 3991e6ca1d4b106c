import "htmx.org";
import "./dialogs.js";
import "./forms.js";
import "./fragments.js";
import "./keys.js";
import "./live.js";
import "./requests.js";
import "./session.js";
