import "@xyflow/react/dist/base.css";
import "./style/tokens.css";
import "./style/base.css";
import "./style/canvas.css";
import "./style/panels.css";
import "./style/things.css";
import "./style/pictures.css";
import "./style/running.css";
import "./style/safety.css";
import "./style/start.css";
import "./style/form.css";
import { createRoot } from "react-dom/client";
import { App } from "./App";

createRoot(document.getElementById("root")!).render(<App />);
