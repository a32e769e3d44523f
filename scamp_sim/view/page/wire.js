// Requests to the server that served this page; nothing else is ever asked.

export class Stale extends Error {}
export class Refused extends Error {}
export class Gone extends Error {}

async function answer(what, options) {
  const response = await fetch(what, options).catch((error) => {
    throw new Gone(error.message); // nobody listens there any more
  });
  if (response.ok) return response;
  let said = `the server answered ${response.status}`;
  let stale = false;
  try {
    const found = await response.json();
    said = found.error || said;
    stale = found.stale === true;
  } catch {
    // not JSON: the status says it
  }
  throw stale ? new Stale(said) : new Refused(said);
}

export async function ask(what) {
  return (await answer(what, { cache: "no-store" })).json();
}

export async function tell(what, document) {
  const body = JSON.stringify(document);
  const headers = { "Content-Type": "application/json" };
  return answer(what, { method: "POST", headers, body });
}

export async function sendPicture(file) {
  const headers = { "Content-Type": "application/octet-stream", "X-Name": encodeURIComponent(file.name).slice(0, 200) };
  return (await answer("picture", { method: "POST", headers, body: file })).json();
}

const TYPES = { float32: Float32Array, uint8: Uint8Array };

// What a look gives: a header of JSON, then the planes that this page did not have.
export async function look(revision, to, have) {
  const response = await tell("look", { revision, to, have });
  const buffer = await response.arrayBuffer();
  const length = new DataView(buffer).getUint32(0, true);
  const said = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const start = 4 + length;
  for (const plane of said.planes || []) {
    if (plane.type === undefined) continue;
    const Kind = TYPES[plane.type];
    plane.data = new Kind(buffer, start + plane.offset, plane.bytes / Kind.BYTES_PER_ELEMENT);
  }
  return said;
}

export async function download(what, name) {
  const response = await answer(what, { cache: "no-store" });
  const given = /filename="([^"]*)"/.exec(response.headers.get("Content-Disposition") || "");
  give(await response.blob(), given ? given[1] : name);
}

export function give(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
