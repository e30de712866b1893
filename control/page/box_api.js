// The box's API. The browser shows the client's certificate by itself; the box takes no request of another site's page.

export class Refusal extends Error {}

async function ask(path, options = {}) {
  const answer = await fetch(path, { cache: 'no-store', redirect: 'error', ...options,
                                     headers: { Accept: 'application/json', ...options.headers } });
  const body = await answer.json();
  const field = body.field ? `${body.field}: ` : '';
  if (!answer.ok) throw new Refusal(`${answer.status} ${body.title}: ${field}${body.detail}`);
  return { body, etag: answer.headers.get('ETag') };
}

export const get = async path => (await ask(path)).body;
export const getWithTag = ask;

// Asks for a job, and waits for its end; the message that it ends with.
async function work(path, options) {
  const { body } = await ask(path, { method: 'POST', ...options });
  for (let job = body;; job = await get(`/v1/jobs/${Number(body.id)}`)) {
    if (job.state === 'done') return job.message;
    if (job.state === 'failed') throw new Refusal(`${job.error.name}: ${job.error.message}`);
    await new Promise(resolve => setTimeout(resolve, 300));
  }
}

export const post = (path, message) =>
  work(path, { body: JSON.stringify(message), headers: { 'Content-Type': 'application/json' } });

export const postFile = (path, file, etag) =>
  work(path, { body: file,
               headers: { 'Content-Type': 'application/octet-stream', ...(etag ? { 'If-Match': etag } : {}) } });
