// The pages as an application: the worker, what this device keeps and for whom, the state of the network, new versions.
(function () {
  "use strict";

  var root = document.documentElement;
  var lm = window.lm = {person: root.dataset.person || ""};
  var OURS = "lm:";

  lm.part = function (id) { return document.getElementById(id); };

  // When a page is there, and whenever a form's answer took the place of its content.
  lm.ready = function (run) {
    document.addEventListener("DOMContentLoaded", run);
    document.addEventListener("lm:shown", run);
  };

  lm.newKey = function () {
    var bytes = window.crypto.getRandomValues(new Uint8Array(16));
    return Array.prototype.map.call(bytes, function (byte) { return (byte + 256).toString(16).slice(1); }).join("");
  };

  // --- What is kept on the device, by person -----------------------------------------------------------------------

  lm.read = function (name) {
    try {
      return JSON.parse(window.localStorage.getItem(OURS + lm.person + ":" + name));
    } catch (error) {
      return null;
    }
  };

  lm.write = function (name, value) {
    try {
      if (value === null) {
        window.localStorage.removeItem(OURS + lm.person + ":" + name);
      } else {
        window.localStorage.setItem(OURS + lm.person + ":" + name, JSON.stringify(value));
      }
    } catch (error) {
      // A browser that keeps nothing works all the same.
    }
  };

  function forgetOthers(person) {
    var mine = person ? OURS + person + ":" : null;
    try {
      Object.keys(window.localStorage).forEach(function (name) {
        if (name.indexOf(OURS) === 0 && (mine === null || name.indexOf(mine) !== 0)) {
          window.localStorage.removeItem(name);
        }
      });
    } catch (error) {
      // Then nothing is there.
    }
  }

  lm.forgetPages = function (but) {
    if (!window.caches) {
      return Promise.resolve();
    }
    return window.caches.keys().then(function (names) {
      return Promise.all(names.filter(function (name) {
        return name.indexOf("pages-") === 0 && name !== but;
      }).map(function (name) { return window.caches.delete(name); }));
    });
  };

  // --- The queue: what waits for a network --------------------------------------------------------------------------

  var opened = null;

  function database() {
    opened = opened || new Promise(function (resolve, reject) {
      var asked = window.indexedDB.open("leadmaster", 1);
      asked.onupgradeneeded = function () {
        asked.result.createObjectStore("queue", {keyPath: "id", autoIncrement: true});
      };
      asked.onsuccess = function () { resolve(asked.result); };
      asked.onerror = function () { reject(asked.error); };
    });
    return opened;
  }

  function act(mode, verb) {
    return database().then(function (base) {
      return new Promise(function (resolve, reject) {
        var change = base.transaction("queue", mode);
        var asked = verb(change.objectStore("queue"));
        change.oncomplete = function () { resolve(asked.result); };
        change.onabort = change.onerror = function () { reject(change.error); };
      });
    });
  }

  lm.queue = {
    // In the order in which they were written, and of this person alone.
    all: function () {
      return act("readonly", function (store) { return store.getAll(); }).then(function (items) {
        return items.filter(function (item) { return item.person === lm.person; });
      }).catch(function () { return []; });
    },
    put: function (item) { return act("readwrite", function (store) { return store.put(item); }); },
    drop: function (id) { return act("readwrite", function (store) { return store.delete(id); }); },
    forgetOthers: function (person) {
      return act("readonly", function (store) { return store.getAll(); }).then(function (items) {
        return Promise.all(items.filter(function (item) { return item.person !== person; }).map(function (item) {
          return lm.queue.drop(item.id);
        }));
      }).catch(function () {});
    }
  };

  // Whoever is here now: what another person left on this device is gone. Where nobody is, it waits for its person.
  lm.forgetAllBut = function (person) {
    forgetOthers(person);
    return Promise.all([lm.queue.forgetOthers(person), lm.forgetPages("pages-" + person)]);
  };
  if (lm.person) {
    lm.forgetAllBut(lm.person);
  }

  // Log-out: nothing of this person stays. What was not sent yet is asked about first.
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (!form.hasAttribute("data-logout") || form.lmReady) {
      return;
    }
    event.preventDefault();
    lm.queue.all().then(function (items) {
      if (items.length && !window.confirm(form.dataset.logout)) {
        return;
      }
      lm.forgetAllBut("").catch(function () {}).then(function () {
        form.lmReady = true;
        form.submit();
      });
    });
  });

  // --- The network, as the page sees it -----------------------------------------------------------------------------

  var freshAt = root.dataset.kept ? new Date(root.dataset.kept) : new Date();

  function clock(moment) {
    var time = ("0" + moment.getHours()).slice(-2) + ":" + ("0" + moment.getMinutes()).slice(-2);
    var today = moment.toDateString() === new Date().toDateString();
    return today ? time : moment.getDate() + "/" + (moment.getMonth() + 1) + " " + time;
  }

  lm.offline = function (isOff) {
    var mark = lm.part("net");
    if (!mark) {
      return;
    }
    var away = isOff || !window.navigator.onLine || root.hasAttribute("data-kept");
    mark.hidden = !away;
    if (away) {
      mark.textContent = mark.dataset.words.replace("{at}", clock(freshAt));
    }
  };

  window.addEventListener("offline", function () { lm.offline(true); });
  window.addEventListener("online", function () {
    if (root.hasAttribute("data-kept") && !document.querySelector("dialog[open]") && !lm.dirty()) {
      window.location.reload();
    } else {
      lm.offline(false);
    }
  });
  document.addEventListener("htmx:sendError", function () { lm.offline(true); });
  document.addEventListener("htmx:afterRequest", function (event) {
    if (event.detail.successful) {
      freshAt = new Date();
      root.removeAttribute("data-kept");
      lm.offline(false);
    }
  });

  // Whether somebody is writing here.
  lm.dirty = function () {
    return Array.prototype.some.call(document.querySelectorAll("main textarea, main input[type=text]"), function (field) {
      return field.value !== field.defaultValue;
    });
  };

  document.addEventListener("DOMContentLoaded", function () { lm.offline(false); });

  // --- The worker and its new versions ------------------------------------------------------------------------------

  if (!("serviceWorker" in window.navigator) || !root.dataset.worker) {
    return;
  }
  var asked = false;

  function offer(registration) {
    var note = lm.part("new-version");
    if (!note || !registration.waiting || !window.navigator.serviceWorker.controller) {
      return;
    }
    note.hidden = false;
    note.querySelector("button").onclick = function () {
      asked = true;
      registration.waiting.postMessage("update");
    };
  }

  // Something came in while somebody looks: the parts that move ask at once.
  window.navigator.serviceWorker.addEventListener("message", function (event) {
    if (event.data === "wake" && window.htmx) {
      document.querySelectorAll("[data-live]").forEach(function (part) { window.htmx.trigger(part, "wake"); });
    }
  });

  window.navigator.serviceWorker.addEventListener("controllerchange", function () {
    if (asked) {
      asked = false;
      window.location.reload();
    }
  });

  window.addEventListener("load", function () {
    window.navigator.serviceWorker.register(root.dataset.worker).then(function (registration) {
      offer(registration);
      registration.addEventListener("updatefound", function () {
        var fresh = registration.installing;
        fresh.addEventListener("statechange", function () { offer(registration); });
      });
    }).catch(function () {
      // Private windows and old browsers: the pages work, with a network.
    });
  });
})();
