"""What is said about models and files, and how to use a file elsewhere, in English.

Keys are codes of the project; ``files_fr`` has the same.
"""

from __future__ import annotations

FILES: dict[str, str] = {
    # Models
    "model.missing": "Its files are not there. Install Petname again.",
    "model.moved": (
        "The image model {name} is no longer where it was. Put it back, or choose another model."
    ),
    "model.needs_gpu": "Needs a computer with an NVIDIA graphics card",
    "model.needs_cuda": "The graphics card here cannot be used yet",
    "model.torch_without_cuda": (
        "The installed torch cannot use the graphics card here ({card}), and without it this model "
        "would take days. Update the driver of the card, install the build of torch with CUDA, or "
        "choose Crayon."
    ),
    "model.needs_memory": "Needs more memory than this machine has",
    "model.needs_disk": "Needs more free disk space for the download",
    "model.cannot.missing": "The files of {title} are not there. Install Petname again.",
    "model.cannot.needs_gpu": (
        "{title} needs a computer with an NVIDIA graphics card. Use one that has it, or choose "
        "Crayon."
    ),
    "model.cannot.needs_cuda": (
        "{title} needs the graphics card, which the installed torch cannot use. Install torch with "
        "CUDA, or choose Crayon."
    ),
    "model.cannot.needs_memory": (
        "{title} needs more memory than this machine has. Choose a smaller model."
    ),
    "model.cannot.needs_disk": (
        "There is too little free disk space to download {title}. Free some, then try again."
    ),
    "model.custom_closed": (
        "Only the models of the list can be used here. To use your own, run Petname on your own "
        "computer."
    ),
    "model.disk_full": (
        "{name} could not be downloaded: the disk of {folder} is full. Free some space there and "
        "try again."
    ),
    "model.cache_closed": (
        "{name} could not be downloaded: Petname may not write into {folder}. Allow it to, or name "
        "another folder with HF_HUB_CACHE, and try again."
    ),
    "model.crayon_damaged": "Crayon’s files are damaged. Install Petname again.",
    "model.damaged": "A file of the model {name} is missing or damaged. Fetch it again.",
    "model.gated": (
        "{name} does not exist, or its owner gives it only to people who have accepted its terms. "
        "Accept them on its page and set HF_TOKEN, or choose another model."
    ),
    "model.no_configuration": (
        "To open the single file {name}, Petname needs the small configuration files of its kind "
        "of model once. Connect to the internet and try again."
    ),
    "model.no_safetensors": (
        "This repository does not hold all parts of the model as .safetensors files. Choose "
        "another model, or convert it first."
    ),
    "model.not_a_model": (
        "The folder {name} holds no image model. Petname needs a folder in the layout of "
        "diffusers, or one .safetensors checkpoint."
    ),
    "model.not_finite": (
        "The image model computes no usable numbers on this machine. Fetch it again, or choose "
        "another model."
    ),
    "model.no_unet": (
        "{name} has no folder unet, as a Stable Diffusion model in the layout of diffusers has. If "
        "it offers one .safetensors checkpoint, download that and give its path; or choose another "
        "model."
    ),
    "model.not_found": "There is no model {name} on the Hugging Face Hub. Check the name.",
    "model.not_safetensors": (
        "{name} is not a .safetensors file. Other kinds can run programs when they are opened; "
        "look for a .safetensors version."
    ),
    "model.offline": (
        "{name} is not on this machine and could not be downloaded. Connect to the internet and "
        "try again, or choose Crayon, which is built in."
    ),
    "model.out_of_memory": (
        "The machine has not enough memory to draw with this image model. Close other programs, "
        "or choose a smaller model."
    ),
    "model.prediction_type": (
        "This base model works in a way that Petname cannot train. Choose another model."
    ),
    "model.unknown": (
        "There is no image model “{name}”. Choose one of the list, or name a hub repository, a "
        "folder or a .safetensors file."
    ),
    "model.unknown_kind": (
        "{name} is not a model that Petname can teach. It knows complete Stable Diffusion 1.x, "
        "2.x and XL models, and its own Crayon."
    ),
    # Files from elsewhere
    "file.all_zero": "Every number in this file is zero: there is nothing in it.",
    "file.archive": "This is an archive. Unpack it and choose the file inside.",
    "file.damaged": "This file is damaged or only half downloaded. Download it again.",
    "file.empty": "This file is empty. Download it again.",
    "file.header_too_large": (
        "This file describes itself at more length than any embedding or LoRA does, so it was not "
        "opened."
    ),
    "file.not_finite": (
        "Some numbers in this file are not numbers at all: the training that made it went wrong. "
        "It would only draw black or grey pictures."
    ),
    "file.not_safetensors": (
        "This is neither an embedding nor a LoRA, whatever its name says. Petname reads "
        ".safetensors, the older .pt, .bin and .ckpt, and pictures with an embedding inside."
    ),
    "file.old_too_large": (
        "This old kind of file has {size_mb} MB; up to {limit_mb} MB are read. A larger one is "
        "mostly a whole image model. Look for a .safetensors version."
    ),
    "file.other_family": (
        "This file was made for {made_for}; the chosen model is {chosen}. Choose a model it fits."
    ),
    "file.page": (
        "This is a web page or a link, saved instead of the file itself. Use the download button "
        "of the site; some sites ask you to sign in first."
    ),
    "file.other_kind": (
        "This is a file of another kind ({kind}), not an embedding or a LoRA. Petname has no use "
        "for it."
    ),
    "file.other_picture": (
        "This is a picture of a kind that Petname takes no embedding from: only from PNG and WebP. "
        "Photos belong on the first tab."
    ),
    "file.packed_pickle": (
        "This old kind of file is packed in a way that no program packs it, so it was not opened. "
        "Look for the same embedding or LoRA as .safetensors."
    ),
    "file.pickle": (
        "This is an older kind of file (.pt, .bin, .ckpt). Only .safetensors can be used here: "
        "bring the file into your collection, and it becomes one."
    ),
    "file.pickle_program": (
        "This old kind of file holds more than numbers ({name}): opening it could run a program, "
        "so it was not opened. Look for the same embedding or LoRA as .safetensors."
    ),
    "file.picture": (
        "This is a picture without an embedding inside. If there should be one, get the original "
        "file: a copy that was resized or saved anew has lost it. Photos belong on the first tab."
    ),
    "file.picture_here": (
        "This is a picture. If there is an embedding inside, bring it into your collection; photos "
        "belong on the first tab."
    ),
    "file.reader_crashed": (
        "This file could not be read: the reader stopped on it. Look for the same embedding or "
        "LoRA as .safetensors."
    ),
    "file.took_too_long": (
        "This file took more than {limit_seconds} seconds to read and was given up. Look for the "
        "same embedding or LoRA as .safetensors."
    ),
    "file.too_much_memory": (
        "This file needs more memory to read than Petname allows. Look for the same embedding or "
        "LoRA as .safetensors."
    ),
    "file.unsafe_archive": (
        "This file is built to mislead: its parts lie over each other or are named to lead "
        "elsewhere. It was not opened."
    ),
    "file.too_large": "This file has {size_mb} MB; the limit is {limit_mb} MB.",
    "file.too_many_tensors": (
        "This file holds {tensors} tables of numbers, more than any embedding or LoRA that "
        "Petname knows."
    ),
    "file.unknown_kind": "This file is neither an embedding nor a LoRA that Petname knows.",
    "file.unknown_number_type": (
        "The numbers in this file are stored as {dtype}, which Petname does not read. Look for a "
        "version saved as fp16 or fp32."
    ),
    "file.unusual_width": (
        "This file says that it was made for {made_for}, but its numbers do not fit that model."
    ),
    "file.whole_model": (
        "This is a whole image model, not an embedding or a LoRA. To teach it a word, name it as "
        "your own model on the Train tab."
    ),
    "file.wild_values": (
        "Some numbers in this file are thousands of times too large: the training that made it "
        "went wrong. It would only draw noise."
    ),
    "embedding.half_of_sdxl": (
        "This is one half of an SDXL embedding; the other half is missing. Look for a file that "
        "holds both, clip_l and clip_g."
    ),
    "embedding.other_model": (
        "This embedding was made for another kind of model (such as Flux or Stable Diffusion 3). "
        "Petname works with Crayon, Stable Diffusion 1.x, 2.x and XL."
    ),
    "embedding.several_words": (
        "This file holds {words} words at once; Petname takes one from a file. Look for the words "
        "as files of their own."
    ),
    "embedding.too_long": "This embedding has {vectors} vectors, more than a prompt has room for.",
    "embedding.uneven": (
        "The two halves of this SDXL embedding have different lengths: the file is broken."
    ),
    "embedding.unknown_width": (
        "This embedding has vectors of {width} numbers. Petname knows those for Crayon, Stable "
        "Diffusion 1.x, 2.x and XL."
    ),
    "embedding.wrong_shape": (
        "The table of numbers in this file does not have the shape of an embedding."
    ),
    "embedding.xti": (
        "This is an XTI embedding, which only kohya’s scripts can use. Look for a plain textual "
        "inversion file."
    ),
    "lora.incomplete": (
        "This LoRA is not whole: the parts of one layer do not fit together. Download it again."
    ),
    "lora.nothing_adapted": (
        "No part of this LoRA fits the chosen image model, so it would change nothing. Choose the "
        "model it was made for."
    ),
    "lora.other_model": (
        "This LoRA was made for another kind of model (such as Flux or Stable Diffusion 3). "
        "Petname works with Crayon, Stable Diffusion 1.x, 2.x and XL."
    ),
    "lora.other_size": (
        "The layers of this LoRA have another size than those of the chosen image model. Choose "
        "the model it was made for."
    ),
    "lora.other_training": (
        "This file was trained in another way ({training}), which Petname cannot use. Look for a "
        "plain LoRA."
    ),
    "lora.strength_rules": (
        "The strengths of this LoRA’s layers are written as rules that Petname does not follow; it "
        "would draw too strong or too weak. Look for the file in kohya’s form."
    ),
    "lora.unknown_family": (
        "Petname cannot tell which image model this LoRA was made for. It knows those for Crayon, "
        "Stable Diffusion 1.x, 2.x and XL."
    ),
    "lora.unknown_layer": (
        "This LoRA changes parts of the model that Petname does not know; it would work only in "
        "part."
    ),
    "lora.wild_alpha": (
        "The strength written in this LoRA is far too large or below zero: the file is broken."
    ),
    # Kits and converting
    "kit.other_model": "{program} cannot load Crayon.",
    "convert.ending": "The name must end in .safetensors, or be that of a folder.",
    "convert.exists": "This file is there already. Choose another name, or remove it.",
    # How to use a file
    "usage.crayon_only": (
        "Files for Crayon work with Crayon only: here, or with diffusers in Python."
    ),
    "usage.diffusers.install": "Install diffusers, and put “{file}” where your program runs.",
    "usage.diffusers.run": "Run this program. It loads the file and draws one picture.",
    "usage.comfyui.put_embedding": (
        "Put “{file}” into the folder “{folder}” of ComfyUI and restart it."
    ),
    "usage.comfyui.put_lora": "Put “{file}” into the folder “{folder}” of ComfyUI and restart it.",
    "usage.comfyui.embedding_prompt": "Write this text into the positive “CLIP Text Encode” node.",
    "usage.comfyui.embedding_negative_prompt": (
        "Write this text into the negative “CLIP Text Encode” node."
    ),
    "usage.comfyui.lora_prompt": (
        "Add a “Load LoRA” node behind the checkpoint, choose “{lora}”, and use the word in the "
        "prompt."
    ),
    "usage.a1111.put_embedding": (
        "Put “{file}” into the folder “{folder}” and press the refresh button of the “Textual "
        "Inversion” tab."
    ),
    "usage.a1111.put_lora": (
        "Put “{file}” into the folder “{folder}” and press the refresh button of the “Lora” tab."
    ),
    "usage.a1111.embedding_prompt": "Use the word in the prompt, just as it is.",
    "usage.a1111.embedding_negative_prompt": "Use the word in the negative prompt, just as it is.",
    "usage.a1111.lora_prompt": "Use this prompt: the part in angle brackets loads the LoRA.",
    "usage.invokeai.put_embedding": "Open the Model Manager and add “{file}” from your disk.",
    "usage.invokeai.put_lora": "Open the Model Manager and add “{file}” from your disk.",
    "usage.invokeai.embedding_prompt": (
        "Write this text into the prompt; the angle brackets belong to it."
    ),
    "usage.invokeai.embedding_negative_prompt": (
        "Write this text into the negative prompt; the angle brackets belong to it."
    ),
    "usage.invokeai.lora_prompt": "Add the LoRA under “Concepts”, and use the word in the prompt.",
    "usage.companion": (
        "Do the same with “{companion}”: the two were trained together, and each is little without "
        "the other."
    ),
    "usage.companion_folder": (
        "Put “{companion}” into the folder “{companion_folder}”: the two were trained together, "
        "and each is little without the other."
    ),
    "usage.choose_model.sd1": "Choose a model of the Stable Diffusion 1.x family.",
    "usage.choose_model.sd2": "Choose a model of the Stable Diffusion 2.x family.",
    "usage.choose_model.sdxl": "Choose a model of the Stable Diffusion XL family.",
}
