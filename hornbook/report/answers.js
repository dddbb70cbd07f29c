// Lists the questions that the filters leave, ten at a time, with the replies of each model beside each other.
(() => {
  const data = JSON.parse(document.getElementById("answer-data").textContent);
  const form = document.getElementById("filters");
  const list = document.getElementById("answer-list");
  const count = document.getElementById("answer-count");
  const AT_ONCE = 10;
  let first = 0;

  const option = (value, label) => {
    const element = document.createElement("option");
    element.value = value;
    element.textContent = label;
    return element;
  };
  const add = (parent, tag, text, className) => {
    const element = document.createElement(tag);
    element.textContent = text;
    if (className) element.className = className;
    parent.append(element);
    return element;
  };

  const tasks = [...new Set(data.questions.map((question) => question.task))].sort();
  form.elements.task.append(option("", "all"), ...tasks.map((task) => option(task, task)));
  for (const name of ["before", "after"]) {
    form.elements[name].append(...data.models.map((model, number) => option(number, model)));
  }
  form.elements.before.value = Math.max(0, data.models.length - 2);
  form.elements.after.value = data.models.length - 1;

  const changed = (question, before, after, change) => {
    if (!change) return true;
    const [one, other] = [question.replies[before], question.replies[after]];
    if (!one || !other) return false;
    if (change === "same") return one.right === other.right;
    return change === "gained" ? other.right > one.right : other.right < one.right;
  };

  const chosen = () => {
    const { task, before, after, change, text } = form.elements;
    const wanted = text.value.toLowerCase();
    return data.questions.filter((question) =>
      (!task.value || question.task === task.value)
      && changed(question, Number(before.value), Number(after.value), change.value)
      && (!wanted || question.prompt.toLowerCase().includes(wanted)
        || question.replies.some((reply) => reply && reply.text.toLowerCase().includes(wanted))));
  };

  const show = () => {
    const found = chosen();
    first = Math.min(first, Math.max(0, Math.floor((found.length - 1) / AT_ONCE) * AT_ONCE));
    const last = Math.min(first + AT_ONCE, found.length);
    count.textContent = found.length
      ? `${first + 1} to ${last} of ${found.length} questions`
      : "No question is left by these filters.";
    list.replaceChildren();
    for (const question of found.slice(first, last)) {
      const box = add(list, "article", "", "answer");
      add(box, "h4", question.task);
      add(box, "pre", question.prompt);
      add(box, "p", question.answer ? `Right: ${question.answer}` : "No such thing: to be refused.", "soft");
      const row = add(box, "div", "", "replies");
      question.replies.forEach((reply, number) => {
        if (!reply) return;
        const cell = add(row, "div", "", "reply");
        const heading = add(cell, "b", `${data.models[number]} `);
        add(heading, "span", `${Math.round(100 * reply.right)} % right`, reply.right >= 0.5 ? "up" : "down");
        add(cell, "pre", reply.text);
      });
    }
    document.getElementById("answers-back").disabled = first === 0;
    document.getElementById("answers-next").disabled = last >= found.length;
  };

  form.addEventListener("input", () => { first = 0; show(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("answers-back").addEventListener("click", () => { first -= AT_ONCE; show(); });
  document.getElementById("answers-next").addEventListener("click", () => { first += AT_ONCE; show(); });
  show();
})();
