import { ReactFlowProvider } from "@xyflow/react";
import { useEffect } from "react";
import { Canvas } from "./canvas/Canvas";
import { dropFile } from "./canvas/drop";
import { onCanvas, pointerPlace } from "./canvas/view";
import { Banners } from "./panels/Banners";
import { ColorDialog } from "./panels/ColorDialog";
import { MaskPainter } from "./image/MaskPainter";
import { Commands } from "./panels/Commands";
import { Differences } from "./panels/Differences";
import { Face } from "./panels/Face";
import { Find } from "./panels/Find";
import { GroupDialog } from "./panels/GroupDialog";
import { Form } from "./panels/Form";
import { Help } from "./panels/Help";
import { Menu } from "./panels/Menu";
import { Missing } from "./panels/Missing";
import { Notes } from "./panels/Notes";
import { Outline } from "./panels/Outline";
import { Palette } from "./panels/Palette";
import { Compare } from "./panels/Compare";
import { PickFile } from "./panels/PickFile";
import { PictureViewer } from "./panels/PictureViewer";
import { Revisions } from "./panels/Revisions";
import { RunDialog } from "./panels/RunDialog";
import { SaveDialog } from "./panels/SaveDialog";
import { Settings } from "./panels/Settings";
import { Share } from "./panels/Share";
import { Side } from "./panels/Side";
import { SignIn } from "./panels/SignIn";
import { SendTo } from "./panels/SendTo";
import { Start } from "./panels/Start";
import { WirePorts } from "./panels/WirePorts";
import { Toolbar } from "./panels/Toolbar";
import { begin } from "./state/begin";
import { useEditor } from "./state/store";

/** The editor: a bar, the canvas, what is beside it, and what is over it. */
export function App() {
  useEffect(begin, []);
  const broken = useEditor((now) => now.broken);
  const ready = useEditor((now) => now.catalog !== null);
  const opened = useEditor((now) => `${now.opened}/${now.path.join("/")}`);
  const signedOut = useEditor((now) => now.signedOut);
  if (signedOut) return <SignIn />;
  const dialog = useEditor((now) => now.dialog !== null);
  if (broken) return <main className="broken">{broken}</main>;
  return (
    <ReactFlowProvider>
      <Toolbar />
      <Banners />
      <main
        className="desk"
        onDragOver={(event) => event.preventDefault()}
        onDrop={(event) => {
          // The canvas and fields take what is dropped on them; this is for the form and the list.
          const file = event.dataTransfer.files[0];
          if (event.defaultPrevented || !file) return;
          event.preventDefault();
          void dropFile(file, onCanvas(pointerPlace()));
        }}
      >
        {ready ? <Shown key={opened} /> : <p className="nothing">Loading ...</p>}
        <Side />
      </main>
      {!dialog && <Notes />}
      {ready && <Dialogs />}
    </ReactFlowProvider>
  );
}

function Shown() {
  const view = useEditor((now) => now.view);
  if (view === "form") return <Form />;
  return view === "outline" ? <Outline /> : <Canvas />;
}

function Dialogs() {
  const dialog = useEditor((now) => now.dialog);
  switch (dialog?.kind) {
    case "start":
      return <Start />;
    case "commands":
      return <Commands />;
    case "help":
      return <Help />;
    case "missing":
      return <Missing />;
    case "revisions":
      return <Revisions />;
    case "settings":
      return <Settings />;
    case "share":
      return <Share />;
    case "save":
      return <SaveDialog />;
    case "run":
      return <RunDialog />;
    case "diff":
      return <Differences before={dialog.before} after={dialog.after} />;
    case "palette":
      return <Palette at={dialog.at} wire={dialog.wire} swapped={dialog.swap} />;
    case "color":
      return <ColorDialog />;
    case "find":
      return <Find />;
    case "menu":
      return <Menu where={dialog.where} at={dialog.at} />;
    case "group":
      return <GroupDialog />;
    case "face":
      return <Face />;
    case "wire":
      return <WirePorts node={dialog.node} from={dialog.from} />;
    case "picture":
      return <PictureViewer files={dialog.files} index={dialog.index} />;
    case "compare":
      return <Compare files={dialog.files} pair={dialog.pair} mode={dialog.mode} still={dialog.still} />;
    case "send":
      return <SendTo file={dialog.file} />;
    case "file":
      return <PickFile place={dialog.place} />;
    case "mask":
      return <MaskPainter place={dialog.place} />;
    default:
      return null;
  }
}
