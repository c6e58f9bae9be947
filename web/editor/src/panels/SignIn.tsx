import { useState } from "react";

/** The server does not know this browser: its token is asked for. Drafts wait in the browser meanwhile. */
export function SignIn() {
  const [token, setToken] = useState("");
  return (
    <main className="broken">
      <h1>Sign in to graph-engine</h1>
      <p>The server wants its token. Open the link with ?token=... that graph-engine serve printed, or enter the token, which is also in the file &quot;token&quot; of the server&apos;s data folder. Unsaved changes are kept in this browser.</p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          location.assign(`/?token=${encodeURIComponent(token)}${location.hash}`);
        }}
      >
        <label>
          Token <input type="password" autoComplete="current-password" required autoFocus value={token} onChange={(event) => setToken(event.target.value)} />
        </label>{" "}
        <button type="submit" className="primary">
          Sign in
        </button>
      </form>
    </main>
  );
}
