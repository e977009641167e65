"use strict";

const [logIn, write, messages, state] = ["log-in", "write", "messages", "state"].map((id) =>
  document.getElementById(id));
const domain = logIn.dataset.domain;
let phone;

const why = ({ cause, response }) =>
  response?.status_code ? `${response.status_code} ${response.reason_phrase}` : cause;

function show(direction, party, text) {
  const line = messages.appendChild(document.createElement("li"));
  line.className = direction;
  line.append(`${party}: ${text} `, document.createElement("small"));
  return (outcome) => { line.lastChild.textContent = outcome; };
}

function on(form, act) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    try { act(Object.fromEntries(new FormData(form))); } catch (error) { state.value = error.message; }
  });
}

on(logIn, ({ login, password, server }) => {
  phone?.removeAllListeners().stop();
  const uri = new JsSIP.URI("sip", login, domain).toString();
  phone = new JsSIP.UA({ sockets: [new JsSIP.WebSocketInterface(server)], uri, password });
  phone.on("connecting", () => { state.value = "connecting"; });
  phone.on("disconnected", () => { state.value = "not connected"; });
  phone.on("registered", () => { state.value = `logged in as ${login}`; });
  phone.on("registrationFailed", (failure) => { state.value = `log-in failed: ${why(failure)}`; });
  phone.on("newMessage", ({ originator, request }) => {
    if (originator === "remote") show("in", `from ${request.from.uri.user}`, request.body);
  });
  phone.start();
});

on(write, ({ to, text }) => {
  if (!phone?.isRegistered()) throw new Error("log in first");
  const tell = show("out", `to ${to}`, text);
  phone.sendMessage(new JsSIP.URI("sip", to.replace(/^client:/, ""), domain), text, {
    eventHandlers: { succeeded: () => tell("accepted"), failed: (answer) => tell(why(answer)) },
  });
  write.elements.text.value = "";
});
