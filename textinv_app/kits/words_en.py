"""What the guides of kits say, in English. ``words_fr`` has the same keys.

`Ticks` become code and **stars** bold; everything else is plain text.
"""

from __future__ import annotations

WORDS: dict[str, str] = {
    "guide.file": "START-HERE-{stem}.html",
    "guide.title": "{name} for {program}",
    "guide.kicker": "A kit from Petname",
    "guide.lead.subject": (
        "With this kit, {program} knows the word `{word}` and draws {name} wherever you write it. "
        "Four steps, about five minutes."
    ),
    "guide.lead.style": (
        "With this kit, {program} knows the word `{word}` and paints in the style of {name}. Four "
        "steps, about five minutes."
    ),
    "guide.lead.negative": (
        "With this kit, {program} knows what pictures should **not** look like: write `{word}` "
        "into the negative prompt. Four steps, about five minutes."
    ),
    "guide.drawn": "Drawn by Petname with the file in this kit",
    "guide.copy": "Copy",
    "guide.copied": "Copied",
    "guide.step": "Step {n}",
    "guide.private": (
        "There are no photos in this kit, and nothing about you or your computer: only the model "
        "file, pictures it drew, and text."
    ),
    "guide.footer": "Made with Petname, which teaches image models the names of pets.",
    # Facts
    "facts.word": "The word",
    "facts.files": "What is inside",
    "facts.fits": "Fits",
    "facts.taught_on": "Taught on",
    "facts.embedding": "Embedding, {size}",
    "facts.lora": "LoRA, {size}",
    "facts.negative": "in the negative prompt",
    "fits.crayon": "Crayon only, the model built into Petname",
    "fits.sd1": "models of the Stable Diffusion 1.x family",
    "fits.sd2": "models of the Stable Diffusion 2.x family",
    "fits.sdxl": "models of the Stable Diffusion XL family",
    # Prompts
    # Folder tree
    "tree.model": "what was taught",
    "tree.preview": "its picture",
    "tree.guide": "this page",
    "tree.workflow": "a workflow to open",
    "tree.notes": "its notes",
    "tree.program": "the program",
    "tree.prompts": "sentences to draw",
    "base.text_alone": (
        "This file fits **{fits}** and no others. The usual one is {model}: `{checkpoint}`. If you "
        "have it already, go on."
    ),
    "tree.extras": "self-test and more",
    "tree.more": "more to use",
    "prompt.embedding": "With the embedding",
    "prompt.lora": "With the LoRA",
    "prompt.both": "With both together",
    "prompt.negative": "Negative prompt",
    "prompt.wanted": "What should be in the picture",
    "prompt.unwanted": "What should not be in the picture",
    # The self-test
    "test.title": "Does it work? The self-test",
    "test.title_none": "Does it work?",
    "test.text": (
        "Petname drew this picture with the file in this kit. Draw it yourself with the same "
        "settings: yours should show the same {what}."
    ),
    "test.what.subject": "animal in much the same pose",
    "test.what.style": "style and much the same scene",
    "test.what.negative": "scene",
    "test.same": (
        "The program of this kit uses Petname’s own sampler and noise, so the pictures should "
        "agree but for fine details."
    ),
    "test.alike": (
        "It will not agree dot by dot: every program makes noise and rounds numbers in its own way."
    ),
    "test.own": "Only the model that the word was taught on draws it so: {own}.",
    "test.none": (
        "There is no self-test picture for this file: it came from elsewhere, or was taught "
        "before Petname kept one."
    ),
    "test.prompt": "Prompt",
    "test.negative": "Negative prompt",
    "test.seed": "Seed",
    "test.steps": "Steps",
    "test.guidance": "Guidance (CFG)",
    "test.size": "Size",
    "test.sampler": "Sampler",
    "test.schedule": "Schedule",
    "test.model": "Base model",
    "test.wrong": "If it looks quite different",
    "test.wrong_model": (
        "Another base model draws another picture. Of another **family** it draws as if the word "
        "were not there, and most programs do not say so."
    ),
    "test.wrong_word.embedding": "Check the spelling of the word: `{spelled}`, in lower case.",
    "test.wrong_word.lora": "Check the spelling of the word: `{spelled}`.",
    "test.wrong_place": "Check that the file lies where step 1 puts it, and restart the program.",
    # Base model, for every program
    "base.title": "Have the right base model",
    "base.text": (
        "This file fits **{fits}** and no others. The usual one is {model}: `{checkpoint}`, in "
        "the folder `{folder}`. If you have it already, go on."
    ),
    "base.own": (
        "The word was taught on {own}. It works best with that model; with {model} it works, but "
        "draws other pictures."
    ),
    "base.unnamed": "a model of your own",
    "base.link": "Download address",
    "notes.title": "Good to know",
    "notes.class": (
        "The LoRA learnt the word with `{class_word}` behind it. Keep the two together: `{words}`."
    ),
    "notes.both": (
        "Embedding and LoRA learnt the same word in two ways. Try each alone first; together they "
        "are often closest, and sometimes too much."
    ),
    "notes.one": (
        "Embedding and LoRA were trained together, and your pictures need both: each is little "
        "without the other."
    ),
    "notes.half": (
        "This file was trained together with `{other}`, and is little without it: install that "
        "one, too, and use both in a picture."
    ),
    # ComfyUI
    "comfyui.unpack.title": "Unpack into the folder of ComfyUI",
    "comfyui.unpack.text": (
        "Unpack the ZIP into the folder that has `models` and `user` in it, and let it merge "
        "folders. In the portable version for Windows that is `ComfyUI_windows_portable/ComfyUI`. "
        "Every file then lies where ComfyUI looks:"
    ),
    "comfyui.model.extra": (
        "If it is missing, ComfyUI offers to fetch it when you open the workflow."
    ),
    "comfyui.open.title": "Open the workflow",
    "comfyui.open.text": (
        "Start ComfyUI, or press `R` in it. Choose `{workflow}` under **Workflows** on the left, "
        "or drag that file onto the page."
    ),
    "comfyui.open.proof": (
        "Dragging the self-test picture works as well: its workflow is stored inside."
    ),
    "comfyui.open.own": (
        "The workflow loads {model}. To draw with {own} instead, choose it in the first node."
    ),
    "comfyui.run.title": "Press Run, then write your own",
    "comfyui.run.text": "To draw something else, change the text in the node “{node}”.",
    "comfyui.run.proof": (
        "The first picture should look like the self-test. Then change the text in the node "
        "“{node}”."
    ),
    "comfyui.note.space": (
        "`{spelled}` counts only at the start or after a space, and no full stop may touch it."
    ),
    "comfyui.note.strength": "A little stronger or weaker: `({spelled}:1.2)`.",
    "comfyui.note.lora": "Strength of the LoRA: `strength_model`, from 0.6 to 1.",
    "comfyui.note.api": (
        "For programs: `{folder}` holds the same workflows in the form that ComfyUI’s API takes."
    ),
    "comfyui.sticky": (
        "Made with Petname.\n\nPress Run. The word is in the coloured node.\nIf the base model is "
        "missing, choose yours in the first node: {fits}."
    ),
    # AUTOMATIC1111
    "a1111.unpack.title": "Unpack into the folder of the program",
    "a1111.unpack.text": (
        "Unpack the ZIP into `stable-diffusion-webui` (for Forge, into its `webui` folder), the "
        "one with `models` and `embeddings` in it, and let it merge folders:"
    ),
    "a1111.refresh.title": "Choose the model, refresh the cards",
    "a1111.refresh.text": (
        "Choose the base model at the top left. Open the tab **{tab}** under the prompt and press "
        "its refresh button: the card of `{stem}` appears."
    ),
    "a1111.run.title": "Write a prompt and press Generate",
    "a1111.run.text": "Copy a sentence:",
    "a1111.run.proof": (
        "Quickest: drop the self-test picture on the tab **PNG Info** and press **Send to "
        "txt2img**; prompt, seed and settings are inside. Or copy a sentence:"
    ),
    "a1111.note.word": "`{stem}` is written just as it is. The card writes it for you.",
    "a1111.note.negative": (
        "`{stem}` is written just as it is. Click into the negative prompt first; the card then "
        "writes it there."
    ),
    "a1111.note.lora": "`{call}` loads the LoRA; the number is its strength. 0.6 to 1 work well.",
    "a1111.note.both": (
        "Once the embedding is installed, the plain word always means the embedding. To see the "
        "LoRA alone, take `embeddings/{stem}.safetensors` out and refresh."
    ),
    "a1111.note.sdnext": (
        "SD.Next: put the files into `models/embeddings` and `models/Lora` of its own folder."
    ),
    # InvokeAI
    "invokeai.unpack.title": "Unpack into a folder that stays",
    "invokeai.unpack.text": (
        "Unpack the ZIP where it can stay, for instance in your documents. What InvokeAI shows of "
        "a file lies beside it, under a name by which InvokeAI finds it:"
    ),
    "invokeai.scan.title": "Add it in the Model Manager",
    "invokeai.scan.text": (
        "Open the **Model Manager** (the cube on the left), **Add Models**, **Scan Folder**. "
        "Paste the path of the unpacked folder, press **Scan Folder**, and install what it finds."
    ),
    "invokeai.model.extra": "InvokeAI has others of the family under **Starter Models**.",
    "invokeai.run.title": "Write a prompt and press Invoke",
    "invokeai.run.text.embedding": (
        "Write the word in angle brackets; they belong to it. Typing `<` offers it to you."
    ),
    "invokeai.run.text.lora": "Choose the LoRA under **Concepts** first, then write the word.",
    "invokeai.run.text.both": (
        "The embedding’s word stands in angle brackets; they belong to it. Choose the LoRA under "
        "**Concepts** where you want it."
    ),
    "invokeai.run.text.one": (
        "Choose the LoRA under **Concepts** first. The embedding’s word stands in angle brackets; "
        "they belong to it."
    ),
    "invokeai.note.picture": (
        "InvokeAI shows picture, description and trigger word of a LoRA by itself. For an "
        "embedding it does not; set the picture in the Model Manager, if you like."
    ),
    # kohya
    "kohya.unpack.title": "Unpack beside gen_img.py",
    "kohya.unpack.text": "Unpack the ZIP into the folder of `sd-scripts`:",
    "kohya.run.title": "Draw",
    "kohya.run.text": (
        "Put the path of your base model in the place of `{checkpoint}`. The sentences stand in "
        "`{prompts}`, one a line, with seed and settings behind."
    ),
    "kohya.on.title": "Or train on from here",
    "kohya.on.text": "Add this to the command of your next training:",
    "kohya.note.vectors": (
        "`gen_img.py` knows the embedding by the name of its file. Do not rename it while the "
        "word stands in your prompts."
    ),
    # diffusers
    "diffusers.install.title": "Install the libraries",
    "diffusers.install.text": "Once, in a terminal (Python 3.10 or newer):",
    "diffusers.unpack.title": "Unpack anywhere",
    "diffusers.unpack.text": (
        "The files are named and spelled as diffusers wants them, so they can also go to a "
        "repository of yours on the Hugging Face Hub as they are:"
    ),
    "diffusers.run.title": "Run the program",
    "diffusers.run.text": (
        "It loads {model} (downloaded at the first time), draws, and saves each picture where you "
        "are. Another model goes behind it: a Hub id, a folder or a `.safetensors` file."
    ),
    "diffusers.run.crayon": (
        "Run it from the folder of Petname, where `assets/crayon` lies; or name that folder "
        "behind it, as here:"
    ),
    "diffusers.run.own": (
        "Name the model that the word was taught on behind it, as here: its folder or "
        "`.safetensors` file. Without a name it loads {model} (downloaded at the first time), "
        "which draws other pictures."
    ),
    "diffusers.run.path": "path/of/your-model.safetensors",
    "diffusers.change.title": "Change the sentence",
    "diffusers.change.text": "Open `{script}` in an editor. Each picture is one call:",
    "diffusers.note.token": (
        "In your own code: `{call}`. Write the word in lower case, or only its first vector counts."
    ),
    "diffusers.note.xl": "For SDXL there are two files and two calls, one for each text encoder.",
    "diffusers.script.what": "Draws {name} with diffusers. Made with Petname.",
    "diffusers.script.model": (
        "MODEL is a Hugging Face id, a folder or a .safetensors file; usually {model}."
    ),
    "diffusers.script.own": (
        "MODEL is the folder or .safetensors file of the model that it was taught on; without one, "
        "{model} draws other pictures."
    ),
    "diffusers.script.draw": "Draw one picture and save it where the program was started.",
    "crayon.title": "About Crayon",
    "crayon.text": (
        "This file was taught on **Crayon**, the small model built into Petname that draws "
        "cartoon animals at 128 pixels. Its words have 256 numbers; Stable Diffusion reads 768 or "
        "more. So it works with Crayon and with nothing else: ComfyUI, AUTOMATIC1111, Forge, "
        "InvokeAI and kohya cannot load Crayon. For those, teach your pet on Stable Diffusion in "
        "Petname."
    ),
    "crayon.where": (
        "Crayon lies in the folder `assets/crayon` of Petname (56 MB, Apache-2.0). Copy it "
        "anywhere."
    ),
    # Small texts
    "sidecar.description": "{name}, taught with Petname.",
    "sidecar.notes.subject": "Write {words} in the prompt. Fits: {fits}.",
    "sidecar.notes.style": "Write {words} in the prompt. Fits: {fits}.",
    "sidecar.notes.negative": "Write {words} in the negative prompt. Fits: {fits}.",
}
