// Forms are sent by the page itself, which therefore knows what became of them: done, refused and why, not logged in any
// more, no network. Nothing that was typed is lost on any of these ways, and nothing is sent twice: each press has a key
// that the server honours.
(function () {
  "use strict";

  var lm = window.lm;
  var SOON = 3000, LATER = 30000;

  function pairs(form, button) {
    var list = [];
    new FormData(form).forEach(function (value, name) { list.push([name, String(value)]); });
    if (button && button.name) {
      list.push([button.name, button.value]);
    }
    return list;
  }

  function tokenless(fields) {
    return fields.filter(function (pair) { return pair[0] !== "csrfmiddlewaretoken"; });
  }

  // --- One request, and what became of it ---------------------------------------------------------------------------

  var presence = lm.presence = function () {
    return window.fetch(lm.part("shell").dataset.presence, {credentials: "same-origin", cache: "no-store"})
      .then(function (answer) { return answer.json(); })
      .then(function (here) {
        document.querySelectorAll("[name=csrfmiddlewaretoken]").forEach(function (field) { field.value = here.csrf; });
        return here;
      });
  };

  // Answers {kind: "done" | "refused" | "page" | "login" | "busy" | "failed" | "offline", to, said, html}.
  function post(address, fields, how, again) {
    var headers = {"X-In-Place": how.mode};
    if (how.key) {
      headers["Idempotency-Key"] = how.key;
    }
    var body = new URLSearchParams(tokenless(fields).concat([["csrfmiddlewaretoken", how.csrf]]));
    return window.fetch(address, {method: "POST", body: body, headers: headers, credentials: "same-origin"})
      .then(function (answer) {
        if (answer.status === 403 && answer.headers.get("X-Reason") === "csrf" && !again) {
          return presence().then(function (here) {
            return post(address, fields, {mode: how.mode, key: how.key, csrf: here.csrf}, true);
          });
        }
        return understood(answer);
      }, function () { return {kind: "offline"}; });
  }

  function understood(answer) {
    if (answer.status === 401) {
      return {kind: "login"};
    }
    if (answer.status >= 500) {
      return {kind: "failed"};
    }
    var type = answer.headers.get("Content-Type") || "";
    if (type.indexOf("application/json") === 0) {
      return answer.json().then(function (told) {
        return {kind: told.done ? "done" : told.wait ? "busy" : "refused", to: told.to, said: told.said || []};
      });
    }
    if (answer.status === 204) {
      return {kind: "done", to: window.location.href, said: []};
    }
    return answer.text().then(function (html) { return {kind: "page", html: html, status: answer.status}; },
      function () { return {kind: "offline"}; });
  }

  // --- A form of the page -------------------------------------------------------------------------------------------

  function isOurs(form) {
    return form.method === "post" && !form.hasAttribute("data-logout") && !form.hasAttribute("data-plain")
      && form.enctype !== "multipart/form-data" && !form.target && form.id !== "login-again-form"
      && new URL(form.action || window.location.href, window.location.href).origin === window.location.origin;
  }

  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (event.defaultPrevented || !lm.person || !isOurs(form)) {
      return;
    }
    event.preventDefault();
    if (!form.lmBusy) {
      send(form, event.submitter);
    }
  });

  // What may wait on the phone: what was noted, moved, told of a call, answered, or is to be remembered.
  var QUEUED = /^\/(?:oportunidades|conversaciones)\/\d+\/(nota|mover|resultado|responder|recordar)\/(?:\d+\/)?$/;

  function kindOf(address) {
    var found = QUEUED.exec(new URL(address, window.location.href).pathname);
    return found ? lm.part("shell").dataset[found[1]] || "" : "";
  }

  function free(form) {
    form.lmBusy = false;
    setTimeout(function () {
      form.querySelectorAll("button[type=submit]").forEach(function (button) {
        button.disabled = false;
        button.removeAttribute("aria-busy");
      });
    }, 0);
  }

  function send(form, button) {
    var fields = pairs(form, button);
    var address = form.getAttribute("action") || window.location.pathname + window.location.search;
    var asWritten = JSON.stringify(tokenless(fields));
    if (form.lmWritten !== asWritten) {
      // Another text is another press; the same one, pressed again because no answer came, is not.
      form.lmWritten = asWritten;
      form.lmKey = lm.newKey();
    }
    form.lmBusy = true;
    var how = {mode: "page", key: form.lmKey, csrf: (form.elements.csrfmiddlewaretoken || {}).value || ""};
    var kind = kindOf(address);
    var before = kind ? flush() : Promise.resolve();
    before.then(function () { return post(address, fields, how); }).then(function (outcome) {
      if (outcome.kind === "login") {
        free(form);
        lm.login().then(function () { send(form, button); });
      } else if (outcome.kind === "offline" && kind) {
        enqueue(form, {kind: kind, address: address, fields: fields, button: button});
      } else if (outcome.kind === "busy") {
        setTimeout(function () { send(form, button); }, SOON);
      } else {
        landed(form, outcome);
      }
    }).catch(function () { landed(form, {kind: "failed"}); });
  }

  function landed(form, outcome) {
    if (outcome.kind === "done") {
      lm.drafts.forget(form);
      go(outcome.to);
    } else if (outcome.kind === "page") {
      show(outcome.html);
    } else if (outcome.kind === "refused" && outcome.to) {
      // The page that comes says why; what was written is still there as a draft.
      lm.drafts.keep(form);
      go(outcome.to);
    } else {
      free(form);
      if (outcome.kind === "failed") {
        form.lmWritten = null;
      }
      say(form, outcome.said && outcome.said.length ? outcome.said.join(" ") : words(outcome.kind));
    }
  }

  function words(name) {
    return lm.part("shell").dataset[name] || "";
  }

  function say(form, sentence) {
    var note = form.querySelector(".lm-said");
    if (!note) {
      note = document.createElement("p");
      note.className = "note warning lm-said";
      note.setAttribute("role", "alert");
      form.prepend(note);
    }
    note.textContent = sentence;
    note.scrollIntoView({block: "nearest"});
  }

  function go(to) {
    var next = new URL(to, window.location.href);
    if (next.hash && next.href.split("#")[0] === window.location.href.split("#")[0]) {
      window.location.hash = next.hash;
      window.location.reload();
    } else {
      window.location.assign(next);
    }
  }

  // What was refused comes as the same page with its reasons.
  function show(html) {
    var page = new DOMParser().parseFromString(html, "text/html");
    var fresh = page.getElementById("content");
    if (!fresh) {
      window.location.reload();
      return;
    }
    fresh = document.importNode(fresh, true);
    lm.part("content").replaceWith(fresh);
    document.title = page.title;
    document.body.className = page.body.className;
    if (window.htmx) {
      window.htmx.process(fresh);
    }
    window.scrollTo(0, 0);
    document.dispatchEvent(new CustomEvent("lm:shown"));
  }

  // --- Log-in in place ----------------------------------------------------------------------------------------------

  var waitingForLogin = null;

  // Resolves once this same person is in again. Somebody else goes to a page of their own, and finds nothing of this one.
  lm.login = function () {
    var dialog = lm.part("login-again");
    if (!dialog || !dialog.showModal) {
      window.location.reload();
      return new Promise(function () {});
    }
    waitingForLogin = waitingForLogin || new Promise(function (resolve) {
      var form = lm.part("login-again-form"), wrong = lm.part("login-again-wrong");
      form.onsubmit = function (event) {
        event.preventDefault();
        wrong.hidden = true;
        presence().then(function (here) {
          return here.person ? {kind: "done"} : post(form.action, pairs(form), {mode: "queue", csrf: here.csrf});
        }).catch(function () { return {kind: "offline"}; }).then(function (outcome) {
          free(form);
          if (outcome.kind === "done") {
            return presence().then(function (here) {
              if (here.person !== lm.person) {
                return lm.forgetAllBut(here.person).then(function () { window.location.assign("/"); });
              }
              form.reset();
              waitingForLogin = null;
              dialog.close();
              resolve();
              return null;
            });
          }
          var page = outcome.html && new DOMParser().parseFromString(outcome.html, "text/html");
          var why = page && page.querySelector("main [role=alert], main .field-error, main h1");
          wrong.textContent = why ? why.textContent.trim() : words(outcome.kind);
          wrong.hidden = false;
          form.elements.password.select();
          return null;
        });
      };
      dialog.showModal();
    });
    if (!dialog.open) {
      dialog.showModal();
    }
    return waitingForLogin;
  };

  // --- What waits for the network -----------------------------------------------------------------------------------

  function summary(form, press) {
    var said = [];
    press.fields.forEach(function (pair) {
      var field = form.elements[pair[0]];
      if (field instanceof RadioNodeList) {
        field = Array.prototype.find.call(field, function (one) { return one.checked; });
      }
      if (!field || !pair[1].trim()) {
        return;
      }
      if (field.type === "radio") {
        said.push(field.closest("label") ? field.closest("label").textContent.trim() : pair[1]);
      } else if (field.tagName === "TEXTAREA" || field.type === "text") {
        said.push(pair[1]);
      }
    });
    return said.join(" · ") || (press.button ? press.button.textContent.trim() : "");
  }

  function enqueue(form, press) {
    var item = {
      person: lm.person, key: form.lmKey, address: press.address, fields: tokenless(press.fields), kind: press.kind,
      text: summary(form, press), about: document.title.split(" · ")[0],
      page: window.location.pathname + window.location.search, at: new Date().toISOString(), state: "waits", why: ""
    };
    lm.queue.put(item).then(function () {
      lm.drafts.forget(form);
      form.lmWritten = null;
      form.reset();
      if (form.elements.key) {
        // What is written next is another press; a hidden field is not reset.
        form.elements.key.value = lm.newKey();
      }
      form.dispatchEvent(new CustomEvent("lm:restored", {bubbles: true}));
      free(form);
      var dialog = form.closest("dialog");
      if (dialog) {
        dialog.close();
      }
      var folded = form.closest("details");
      if (folded) {
        folded.open = false;
      }
      lm.offline(true);
      return tell(words("kept"));
    }, function () {
      free(form);
      say(form, words("offline"));
    });
  }

  var flushing = null;

  // In order. Who is here is asked first: nothing goes out under another name.
  function flush() {
    if (flushing || !lm.person) {
      return flushing || Promise.resolve();
    }
    flushing = alone(function () {
      return lm.queue.all().then(function (items) {
        var waiting = items.filter(function (item) { return item.state === "waits"; });
        if (!waiting.length) {
          return null;
        }
        return presence().then(function (here) {
          if (!here.person) {
            return lm.login().then(function () { return presence(); });
          }
          return here;
        }).then(function (here) {
          return here.person === lm.person ? each(waiting, here.csrf, 0) : null;
        }, function () { return null; });
      });
    }).catch(function () {}).then(function () {
      flushing = null;
      return refresh();
    });
    return flushing;
  }

  // Two tabs of one phone do not both send.
  function alone(run) {
    if (!window.navigator.locks) {
      return run();
    }
    return window.navigator.locks.request("lm-queue", {ifAvailable: true}, function (lock) { return lock ? run() : null; });
  }

  function each(items, csrf, done) {
    if (!items.length) {
      return done ? arrived(done) : null;
    }
    var item = items[0];
    return post(item.address, item.fields, {mode: "queue", key: item.key, csrf: csrf}).then(function (outcome) {
      if (outcome.kind === "done") {
        return lm.queue.drop(item.id).then(function () { return each(items.slice(1), csrf, done + 1); });
      }
      if (outcome.kind === "refused" || outcome.kind === "page") {
        item.state = "refused";
        item.why = reason(outcome);
        return lm.queue.put(item).then(function () { return each(items.slice(1), csrf, done); });
      }
      // No network, no log-in, or the server has trouble: it stays, and is tried again.
      return done ? arrived(done) : null;
    });
  }

  function reason(outcome) {
    if (outcome.said && outcome.said.length) {
      return outcome.said.join(" ");
    }
    var page = new DOMParser().parseFromString(outcome.html || "", "text/html");
    var found = page.querySelectorAll("main [role=alert], main .field-error, main .note.error, main .note.warning");
    var said = Array.prototype.map.call(found, function (part) { return part.textContent.trim(); });
    var title = page.querySelector("main h1");
    return said.join(" ") || (outcome.status >= 400 && title ? title.textContent.trim() : "") || words("refused");
  }

  function arrived(number) {
    document.querySelectorAll("[data-live]").forEach(function (part) {
      if (window.htmx) {
        window.htmx.trigger(part, "wake");
      }
    });
    return tell(words("arrived").replace("{n}", number));
  }

  function tell(sentence) {
    var note = lm.part("shell-told");
    if (note && sentence) {
      note.textContent = sentence;
      note.hidden = false;
      window.clearTimeout(note.lmTimer);
      note.lmTimer = window.setTimeout(function () { note.hidden = true; }, 8000);
    }
    return refresh();
  }

  // How many wait, and the sheet with each of them.
  function refresh() {
    return lm.queue.all().then(function (items) {
      var button = lm.part("waiting"), list = lm.part("waiting-list");
      if (!button) {
        return;
      }
      var refused = items.filter(function (item) { return item.state === "refused"; }).length;
      button.hidden = !items.length;
      button.classList.toggle("bad", refused > 0);
      button.textContent = (refused ? words("someRefused") : words(items.length === 1 ? "oneWaits" : "someWait"))
        .replace("{n}", refused || items.length);
      list.replaceChildren.apply(list, items.map(line));
      if (!items.length && lm.part("waiting-sheet").open) {
        lm.part("waiting-sheet").close();
      }
    });
  }

  function line(item) {
    var row = lm.part("waiting-line").content.cloneNode(true);
    row.querySelector("[data-kind]").textContent = item.kind;
    row.querySelector("[data-about]").textContent = item.about;
    row.querySelector("[data-text]").textContent = item.text;
    row.querySelector("[data-why]").textContent = item.why;
    row.querySelector("[data-why]").hidden = !item.why;
    row.querySelector("[data-edit]").onclick = function () { edit(item); };
    row.querySelector("[data-drop]").onclick = function () { lm.queue.drop(item.id).then(refresh); };
    var retry = row.querySelector("[data-retry]");
    retry.hidden = item.state !== "refused";
    retry.onclick = function () {
      item.state = "waits";
      item.why = "";
      lm.queue.put(item).then(flush);
    };
    return row;
  }

  // Its words go back to the page that they were written on, to be mended there in sight of what is new.
  function edit(item) {
    var draft = {};
    item.fields.forEach(function (pair) {
      if (["version", "seen", "key"].indexOf(pair[0]) === -1) {
        draft[pair[0]] = pair[1];
      }
    });
    lm.drafts.give(new URL(item.address, window.location.href).pathname, draft);
    lm.queue.drop(item.id).then(function () { go(item.page); });
  }

  document.addEventListener("click", function (event) {
    var sheet = lm.part("waiting-sheet");
    if (sheet && event.target.closest("#waiting")) {
      sheet.showModal();
    } else if (sheet && event.target.closest("[data-close-waiting]")) {
      sheet.close();
    }
  });

  document.addEventListener("DOMContentLoaded", function () { refresh().then(flush); });
  window.addEventListener("online", function () { flush(); });
  document.addEventListener("visibilitychange", function () { if (!document.hidden) { flush(); } });
  window.setInterval(function () {
    if (!document.hidden && window.navigator.onLine) {
      flush();
    }
  }, LATER);
})();
