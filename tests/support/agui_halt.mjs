// Ask why, ask to halt, confirm, with the official client of AG-UI. Usage: node halt.mjs URL
import { HttpAgent } from "@ag-ui/client";

const agent = new HttpAgent({ url: process.argv[2], threadId: "npm-1" });
const said = () => agent.messages.filter((message) => message.role === "assistant").map((message) => message.content);
const ask = async (text) => {
  agent.addMessage({ id: crypto.randomUUID(), role: "user", content: text });
  return agent.runAgent();
};
await ask("Why did we buy AAPL?");
let interrupts = [];
agent.subscribe({ onRunFinishedEvent: ({ event }) => { interrupts = event.outcome?.interrupts ?? []; } });
await ask("halt the desk");
const asked = interrupts[0];
await agent.runAgent({ resume: [{ interruptId: asked.id, status: "resolved", payload: true }] });
console.log(JSON.stringify({ asked: asked.message, said: said() }));
