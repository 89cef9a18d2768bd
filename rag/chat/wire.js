// How the page talks to the program: small requests in JSON, and what waits in line through Gradio's queue, whose events are a stream.
export const words = JSON.parse(document.getElementById("words").textContent);

const SLOW_START = 700;

export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

export async function getJson(path, query = {}) {
  return result(await reach(`${path}?${new URLSearchParams(query)}`));
}

export async function send(path, message, method = "POST") {
  const options = { method, headers: { "content-type": "application/json" }, body: JSON.stringify(message) };
  return result(await reach(path, options));
}

export async function reach(path, options) {
  try {
    return await fetch(path, options);
  } catch {
    throw new Error(words.lost);
  }
}

export async function result(response) {
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(body.error || words.lost);
  return body;
}

// The events of one call of a function that Gradio runs. `onSlow` is called if it takes long to be taken up.
export async function* call(name, data, onSlow = () => {}) {
  const slow = setTimeout(onSlow, SLOW_START);
  const options = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ data }) };
  const joined = await reach(`/gradio_api/call/${name}`, options).finally(() => clearTimeout(slow));
  if (joined.status === 503) throw new Error(words.crowded);
  if (!joined.ok) throw new Error(words.lost);
  const { event_id: id } = await joined.json();
  const stream = await reach(`/gradio_api/call/${name}/${id}`);
  if (!stream.ok) throw new Error(words.lost);
  yield* events(stream.body);
}

async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) throw new Error(words.lost);
      text += value;
      const parts = text.split("\n\n");
      text = parts.pop();
      for (const part of parts) {
        const [, kind, data] = /^event: (\w+)\ndata: (.*)$/s.exec(part) || [];
        if (kind === "generating") yield JSON.parse(data)[0];
        if (kind === "complete") return;
        if (kind === "error") throw new Error(words.fault_inside);
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
