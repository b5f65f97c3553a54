"use strict";
// Shows the newest messages of one room. What is said goes by POST; what the database holds comes by WebSocket, and
// comes whole again whenever the connection is made anew, so that nothing is missed while it was away.

const at = (id) => document.getElementById(id);
const shown = new Map(); // message id -> its element
let socket = null;
let pause = 250; // ms before the next attempt to connect

function state(name, text) {
  at("link").dataset.state = name;
  at("link").textContent = text;
}

function refuse(text) {
  at("refused").textContent = text;
  at("refused").hidden = !text;
}

async function ask(method, path, content) {
  const answer = await fetch(path, {
    method,
    headers: content ? { "Content-Type": "application/json" } : {},
    body: content && JSON.stringify(content),
  });
  const body = await answer.json();
  if (!answer.ok) {
    throw new Error(body.message || answer.statusText);
  }
  return body;
}

function element(message) {
  const line = document.createElement("li");
  line.dataset.id = message.id;
  line.dataset.order = message.sentAt + message.id.padStart(20, "0");
  const time = document.createElement("time");
  time.dateTime = message.sentAt;
  time.textContent = new Date(message.sentAt).toLocaleTimeString();
  const who = document.createElement("b");
  who.textContent = message.userName || message.userId;
  const body = document.createElement("span");
  body.textContent = message.body;
  line.append(time, who, body);
  return line;
}

function place(line) {
  const list = at("messages");
  let before = list.lastElementChild;
  while (before && before.dataset.order > line.dataset.order) {
    before = before.previousElementSibling;
  }
  list.insertBefore(line, before ? before.nextElementSibling : list.firstElementChild);
}

function view(told) {
  if (told.roomId !== Number(at("room").value)) {
    return; // of the room that was open before
  }
  const frame = document.querySelector("main");
  const atEnd = frame.scrollHeight - frame.scrollTop - frame.clientHeight < 40;
  for (const id of told.gone) {
    shown.get(id)?.remove();
    shown.delete(id);
  }
  for (const message of told.messages) {
    shown.get(message.id)?.remove();
    const line = element(message);
    shown.set(message.id, line);
    place(line);
  }
  if (atEnd) {
    frame.scrollTop = frame.scrollHeight;
  }
  state("open", "open");
}

function openRoom() {
  shown.clear();
  at("messages").replaceChildren();
  const roomId = Number(at("room").value);
  if (roomId && socket?.readyState === WebSocket.OPEN) {
    socket.send(JSON.stringify({ type: "open", roomId }));
  }
}

async function listRooms(wanted) {
  const rooms = await ask("GET", "/chat/room");
  const choice = at("room");
  const before = wanted || Number(choice.value) || Number(sessionStorage.room);
  choice.replaceChildren(...rooms.map((room) => new Option(room.title, room.roomId)));
  if (rooms.some((room) => room.roomId === before)) {
    choice.value = String(before);
  }
}

function connect() {
  socket = new WebSocket(`ws://${location.host}/chat/socket`);
  socket.onopen = async () => {
    pause = 250;
    state("open", "open");
    try {
      await listRooms();
    } catch (failed) {
      refuse(failed.message);
    }
    openRoom();
  };
  socket.onmessage = (event) => {
    const told = JSON.parse(event.data);
    if (told.type === "view") {
      view(told);
    } else if (told.type === "away") {
      state("away", told.message);
    } else {
      refuse(told.message);
    }
  };
  socket.onclose = () => {
    state("away", "the service does not answer; trying again");
    setTimeout(connect, pause);
    pause = Math.min(pause * 2, 5000);
  };
}

at("room").addEventListener("change", () => {
  sessionStorage.room = at("room").value;
  openRoom();
});
at("room").addEventListener("focus", () => listRooms().catch((failed) => refuse(failed.message)));

at("room-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    const room = await ask("POST", "/chat/room", { title: at("room-title").value });
    at("room-title").value = "";
    await listRooms(room.roomId);
    sessionStorage.room = room.roomId;
    openRoom();
    refuse("");
  } catch (failed) {
    refuse(failed.message);
  }
});

at("say-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const userId = at("user-id").value;
  const userName = at("user-name").value;
  try {
    if (sessionStorage.known !== `${userId} ${userName}`) {
      await ask("POST", "/chat/user", { userId, userName });
      sessionStorage.known = `${userId} ${userName}`;
      sessionStorage.userId = userId;
      sessionStorage.userName = userName;
    }
    await ask("POST", "/chat/message", { roomId: Number(at("room").value), userId, body: at("body").value });
    at("body").value = "";
    refuse("");
  } catch (failed) {
    refuse(failed.message);
  }
});

at("user-id").value = sessionStorage.userId || "";
at("user-name").value = sessionStorage.userName || "";
connect();
