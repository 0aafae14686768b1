"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  document.getElementById("theme").addEventListener("click", () => {
    const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    root.dataset.theme = (root.dataset.theme || system) === "dark" ? "light" : "dark";
  });

  const form = document.getElementById("filter");
  if (!form) return;
  const { kind, type, predicted, text } = form.elements;
  const boundary = new Set(form.dataset.boundary.split(" "));
  const shown = document.getElementById("shown");
  const kinds = [...document.querySelectorAll("#list .kind")].map((section) => ({
    section,
    errors: [...section.querySelectorAll(".error")].map((element) => ({
      element,
      k: element.dataset.k,
      t: element.dataset.t,
      g: element.dataset.g.split(" "),
      p: element.dataset.p.split(" "),
    })),
  }));

  // The sentence without the labels in it: of an entity only the first node is text.
  const words = (error) =>
    (error.words ??= [...error.element.querySelector(".entities").childNodes]
      .map((node) => (node.firstChild ?? node).data ?? "")
      .join("")
      .toLowerCase());

  const accepts = (error, wanted) =>
    (!kind.value || (kind.value === "b" ? boundary.has(error.k) : error.k === kind.value)) &&
    (!type.value ||
      (type.value[0] === "g"
        ? error.g.includes(type.value.slice(1))
        : error.t === type.value.slice(1))) &&
    (!predicted.value || error.p.includes(predicted.value.slice(1))) &&
    (!wanted || words(error).includes(wanted));

  const apply = () => {
    const wanted = text.value.toLowerCase();
    let total = 0;
    for (const { section, errors } of kinds) {
      let visible = 0;
      for (const error of errors) {
        const accepted = accepts(error, wanted);
        error.element.hidden = !accepted;
        visible += accepted;
      }
      section.hidden = !visible;
      total += visible;
    }
    shown.value = total;
  };

  // "#f-k0-t2-p1" is a filter by places in the menus, "#e12" one error.
  const follow = () => {
    const hash = location.hash.slice(1);
    if (/^f(-[ktgp]\w+)*$/.test(hash)) {
      form.reset();
      for (const part of hash.split("-").slice(1)) {
        if (part[0] === "k") kind.value = part.slice(1);
        else if (part[0] === "p") predicted.value = part;
        else type.value = part;
      }
      apply();
      document.getElementById("sentences").scrollIntoView();
    } else if (/^e\d+$/.test(hash)) {
      const target = document.getElementById(hash);
      if (target?.hidden) {
        form.reset();
        apply();
      }
      target?.scrollIntoView();
    }
  };

  form.addEventListener("change", apply);
  text.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(apply));
  addEventListener("hashchange", follow);
  // A link followed a second time changes no hash.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    const href = link?.getAttribute("href");
    if (href && href === location.hash) setTimeout(follow);
  });
  addEventListener("load", () => setTimeout(follow)); // after the browser's own scrolling
})();
