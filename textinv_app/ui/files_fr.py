"""What is said about models and files, and how to use a file elsewhere, in French.

Keys are codes of the project; ``files_en`` has the same.
"""

from __future__ import annotations

FILES: dict[str, str] = {
    # Models
    "model.missing": "Ses fichiers manquent. Réinstallez Petname.",
    "model.moved": (
        "Le modèle d’images {name} n’est plus à sa place. Remettez-le, ou choisissez-en un autre."
    ),
    "model.needs_gpu": "Demande une carte graphique NVIDIA",
    "model.needs_cuda": "La carte graphique n’est pas encore utilisable ici",
    "model.torch_without_cuda": (
        "Le torch installé ne sait pas se servir de la carte graphique ({card}), et sans elle ce "
        "modèle demanderait des jours. Mettez à jour le pilote de la carte, installez la version "
        "de torch avec CUDA, ou choisissez Crayon."
    ),
    "model.needs_memory": "Demande plus de mémoire que n’en a cette machine",
    "model.needs_disk": "Demande plus d’espace libre pour le téléchargement",
    "model.cannot.missing": "Les fichiers de {title} ne sont pas là. Réinstallez Petname.",
    "model.cannot.needs_gpu": (
        "{title} demande un ordinateur avec une carte graphique NVIDIA. Prenez-en un, ou "
        "choisissez Crayon."
    ),
    "model.cannot.needs_cuda": (
        "{title} demande la carte graphique, dont le torch installé ne sait pas se servir. "
        "Installez torch avec CUDA, ou choisissez Crayon."
    ),
    "model.cannot.needs_memory": (
        "{title} demande plus de mémoire que n’en a cette machine. Choisissez un modèle plus petit."
    ),
    "model.cannot.needs_disk": (
        "Il n’y a pas assez d’espace libre pour télécharger {title}. Libérez-en, puis réessayez."
    ),
    "model.custom_closed": (
        "Seuls les modèles de la liste sont possibles ici. Pour utiliser le vôtre, installez "
        "Petname sur votre ordinateur."
    ),
    "model.disk_full": (
        "{name} n’a pas pu être téléchargé : le disque de {folder} est plein. Libérez-y de la "
        "place et réessayez."
    ),
    "model.cache_closed": (
        "{name} n’a pas pu être téléchargé : Petname n’a pas le droit d’écrire dans {folder}. "
        "Donnez-le-lui, ou indiquez un autre dossier avec HF_HUB_CACHE, et réessayez."
    ),
    "model.crayon_damaged": "Les fichiers de Crayon sont abîmés. Réinstallez Petname.",
    "model.damaged": "Un fichier du modèle {name} manque ou est abîmé. Téléchargez-le à nouveau.",
    "model.gated": (
        "{name} n’existe pas, ou n’est donné qu’à ceux qui ont accepté ses conditions. "
        "Acceptez-les sur sa page et définissez HF_TOKEN, ou choisissez un autre modèle."
    ),
    "model.no_configuration": (
        "Pour ouvrir le fichier {name}, Petname a besoin une fois des petits fichiers de "
        "configuration de ce type de modèle. Connectez-vous à Internet et réessayez."
    ),
    "model.no_safetensors": (
        "Ce dépôt n’a pas toutes les parties du modèle en .safetensors. Choisissez un autre "
        "modèle, ou convertissez-le d’abord."
    ),
    "model.not_a_model": (
        "Le dossier {name} ne contient pas de modèle d’images. Il faut un dossier de type "
        "diffusers, ou un fichier .safetensors."
    ),
    "model.not_finite": (
        "Le modèle d’images ne calcule pas de nombres utilisables sur cette machine. "
        "Téléchargez-le à nouveau, ou choisissez-en un autre."
    ),
    "model.no_unet": (
        "{name} n’a pas de dossier unet, comme en a un modèle Stable Diffusion de type diffusers. "
        "S’il propose un fichier .safetensors complet, téléchargez-le et donnez son chemin, ou "
        "choisissez un autre modèle."
    ),
    "model.not_found": "Il n’y a pas de modèle {name} sur Hugging Face. Vérifiez le nom.",
    "model.not_safetensors": (
        "{name} n’est pas un fichier .safetensors. D’autres formats peuvent lancer des programmes "
        "à l’ouverture ; cherchez une version .safetensors."
    ),
    "model.offline": (
        "{name} n’est pas sur cette machine et n’a pas pu être téléchargé. Connectez-vous à "
        "Internet et réessayez, ou choisissez Crayon, qui est intégré."
    ),
    "model.out_of_memory": (
        "La mémoire ne suffit pas pour dessiner avec ce modèle. Fermez d’autres programmes, ou "
        "choisissez un modèle plus petit."
    ),
    "model.prediction_type": (
        "Ce modèle fonctionne d’une façon que Petname ne sait pas entraîner. Choisissez-en un "
        "autre."
    ),
    "model.unknown": (
        "Il n’y a pas de modèle d’images « {name} ». Choisissez-en un de la liste, ou nommez un "
        "dépôt, un dossier ou un fichier .safetensors."
    ),
    "model.unknown_kind": (
        "{name} n’est pas un modèle auquel Petname peut apprendre. Il connaît les Stable "
        "Diffusion 1.x, 2.x et XL complets, et son propre Crayon."
    ),
    # Files from elsewhere
    "file.all_zero": "Tous les nombres de ce fichier sont nuls : il est vide.",
    "file.archive": "C’est une archive. Ouvrez-la et choisissez le fichier qu’elle contient.",
    "file.damaged": "Ce fichier est abîmé ou à moitié téléchargé. Téléchargez-le à nouveau.",
    "file.empty": "Ce fichier est vide. Téléchargez-le à nouveau.",
    "file.header_too_large": (
        "Ce fichier se décrit plus longuement qu’aucun embedding ou LoRA ; il n’a pas été ouvert."
    ),
    "file.not_finite": (
        "Certains nombres de ce fichier n’en sont pas : son apprentissage a mal tourné. Il ne "
        "dessinerait que du noir ou du gris."
    ),
    "file.not_safetensors": (
        "Ce n’est ni un embedding ni un LoRA, quoi qu’en dise son nom. Petname lit les "
        ".safetensors, les anciens .pt, .bin et .ckpt, et les images avec un embedding dedans."
    ),
    "file.old_too_large": (
        "Ce fichier d’un ancien format fait {size_mb} Mo ; Petname en lit jusqu’à {limit_mb} Mo. "
        "Au-delà, c’est le plus souvent un modèle entier. Cherchez une version .safetensors."
    ),
    "file.other_family": (
        "Ce fichier est fait pour {made_for} ; le modèle choisi est {chosen}. Choisissez un "
        "modèle qui lui va."
    ),
    "file.page": (
        "C’est une page web ou un lien, enregistré à la place du fichier. Utilisez le bouton de "
        "téléchargement du site ; certains sites demandent de se connecter d’abord."
    ),
    "file.other_kind": (
        "C’est un fichier d’un autre genre ({kind}), pas un embedding ni un LoRA. Petname n’en a "
        "pas l’usage."
    ),
    "file.other_picture": (
        "C’est une image d’un format dont Petname ne tire pas d’embedding : seuls le PNG et le "
        "WebP en portent. Les photos vont dans le premier onglet."
    ),
    "file.packed_pickle": (
        "Ce fichier d’un ancien format est compressé comme aucun programme ne le fait ; il n’a pas "
        "été ouvert. Cherchez le même embedding ou LoRA en .safetensors."
    ),
    "file.pickle": (
        "C’est un ancien format (.pt, .bin, .ckpt). Ici, il faut un .safetensors : installez le "
        "fichier dans votre collection, il en deviendra un."
    ),
    "file.pickle_program": (
        "Ce fichier d’un ancien format contient plus que des nombres ({name}) : l’ouvrir pourrait "
        "lancer un programme, il n’a donc pas été ouvert. Cherchez le même embedding ou LoRA en "
        ".safetensors."
    ),
    "file.picture": (
        "C’est une image sans embedding dedans. S’il devrait y en avoir un, reprenez le fichier "
        "d’origine : une copie redimensionnée ou réenregistrée l’a perdu. Les photos vont dans le "
        "premier onglet."
    ),
    "file.picture_here": (
        "C’est une image. Si elle porte un embedding, installez-la dans votre collection ; les "
        "photos vont dans le premier onglet."
    ),
    "file.reader_crashed": (
        "Ce fichier n’a pas pu être lu : le lecteur s’est arrêté dessus. Cherchez le même "
        "embedding ou LoRA en .safetensors."
    ),
    "file.took_too_long": (
        "La lecture de ce fichier a dépassé {limit_seconds} secondes et a été abandonnée. Cherchez "
        "le même embedding ou LoRA en .safetensors."
    ),
    "file.too_much_memory": (
        "La lecture de ce fichier demande plus de mémoire que Petname n’en permet. Cherchez le "
        "même embedding ou LoRA en .safetensors."
    ),
    "file.unsafe_archive": (
        "Ce fichier est fait pour tromper : ses parties se recouvrent, ou leurs noms mènent "
        "ailleurs. Il n’a pas été ouvert."
    ),
    "file.too_large": "Ce fichier fait {size_mb} Mo ; la limite est de {limit_mb} Mo.",
    "file.too_many_tensors": (
        "Ce fichier contient {tensors} tableaux de nombres, plus qu’aucun embedding ou LoRA connu "
        "de Petname."
    ),
    "file.unknown_kind": "Ce fichier n’est ni un embedding ni un LoRA connu de Petname.",
    "file.unknown_number_type": (
        "Les nombres de ce fichier sont au format {dtype}, que Petname ne lit pas. Cherchez une "
        "version en fp16 ou fp32."
    ),
    "file.unusual_width": (
        "Ce fichier se dit fait pour {made_for}, mais ses nombres ne vont pas à ce modèle."
    ),
    "file.whole_model": (
        "C’est un modèle d’images entier, pas un embedding ni un LoRA. Pour lui apprendre un mot, "
        "nommez-le comme votre propre modèle dans l’onglet « Apprendre »."
    ),
    "file.wild_values": (
        "Certains nombres de ce fichier sont des milliers de fois trop grands : son apprentissage "
        "a mal tourné. Il ne dessinerait que du bruit."
    ),
    "embedding.half_of_sdxl": (
        "C’est la moitié d’un embedding SDXL ; l’autre manque. Cherchez un fichier avec les deux, "
        "clip_l et clip_g."
    ),
    "embedding.other_model": (
        "Cet embedding est fait pour une autre sorte de modèle (comme Flux ou Stable Diffusion 3). "
        "Petname travaille avec Crayon et les Stable Diffusion 1.x, 2.x et XL."
    ),
    "embedding.several_words": (
        "Ce fichier contient {words} mots à la fois ; Petname en prend un par fichier. Cherchez "
        "ces mots dans des fichiers séparés."
    ),
    "embedding.too_long": (
        "Cet embedding a {vectors} vecteurs, plus que ne peut en contenir une demande."
    ),
    "embedding.uneven": (
        "Les deux moitiés de cet embedding SDXL n’ont pas la même longueur : le fichier est cassé."
    ),
    "embedding.unknown_width": (
        "Cet embedding a des vecteurs de {width} nombres. Petname connaît ceux de Crayon et de "
        "Stable Diffusion 1.x, 2.x et XL."
    ),
    "embedding.wrong_shape": "Le tableau de nombres de ce fichier n’a pas la forme d’un embedding.",
    "embedding.xti": (
        "C’est un embedding XTI, que seuls les scripts de kohya savent utiliser. Cherchez un "
        "fichier d’inversion textuelle ordinaire."
    ),
    "lora.incomplete": (
        "Ce LoRA n’est pas entier : les parties d’une couche ne vont pas ensemble. Téléchargez-le "
        "à nouveau."
    ),
    "lora.nothing_adapted": (
        "Rien dans ce LoRA ne va au modèle choisi : il ne changerait rien. Choisissez le modèle "
        "pour lequel il est fait."
    ),
    "lora.other_model": (
        "Ce LoRA est fait pour un autre type de modèle (comme Flux ou Stable Diffusion 3). "
        "Petname connaît Crayon et Stable Diffusion 1.x, 2.x et XL."
    ),
    "lora.other_size": (
        "Les couches de ce LoRA n’ont pas la taille de celles du modèle choisi. Choisissez le "
        "modèle pour lequel il est fait."
    ),
    "lora.other_training": (
        "Ce fichier a été entraîné autrement ({training}), ce que Petname ne sait pas utiliser. "
        "Cherchez un LoRA ordinaire."
    ),
    "lora.strength_rules": (
        "Les forces des couches de ce LoRA sont écrites comme des règles que Petname ne suit pas ; "
        "il dessinerait trop fort ou trop faible. Cherchez le fichier sous la forme de kohya."
    ),
    "lora.unknown_family": (
        "Petname ne peut pas dire pour quel modèle ce LoRA est fait. Il connaît ceux de Crayon et "
        "de Stable Diffusion 1.x, 2.x et XL."
    ),
    "lora.unknown_layer": (
        "Ce LoRA modifie des parties du modèle que Petname ne connaît pas ; il ne marcherait "
        "qu’en partie."
    ),
    "lora.wild_alpha": (
        "La force inscrite dans ce LoRA est bien trop grande ou négative : le fichier est cassé."
    ),
    # Kits and converting
    "kit.other_model": "{program} ne sait pas charger Crayon.",
    "convert.ending": "Le nom doit finir par .safetensors, ou être celui d’un dossier.",
    "convert.exists": "Ce fichier existe déjà. Choisissez un autre nom, ou supprimez-le.",
    # How to use a file
    "usage.crayon_only": (
        "Les fichiers pour Crayon ne marchent qu’avec Crayon : ici, ou avec diffusers en Python."
    ),
    "usage.diffusers.install": (
        "Installez diffusers, et mettez « {file} » là où tourne votre programme."
    ),
    "usage.diffusers.run": "Lancez ce programme. Il charge le fichier et dessine une image.",
    "usage.comfyui.put_embedding": (
        "Mettez « {file} » dans le dossier « {folder} » de ComfyUI et relancez-le."
    ),
    "usage.comfyui.put_lora": (
        "Mettez « {file} » dans le dossier « {folder} » de ComfyUI et relancez-le."
    ),
    "usage.comfyui.embedding_prompt": "Écrivez ce texte dans le nœud « CLIP Text Encode » positif.",
    "usage.comfyui.embedding_negative_prompt": (
        "Écrivez ce texte dans le nœud « CLIP Text Encode » négatif."
    ),
    "usage.comfyui.lora_prompt": (
        "Ajoutez un nœud « Load LoRA » après le checkpoint, choisissez « {lora} », et mettez le "
        "mot dans la demande."
    ),
    "usage.a1111.put_embedding": (
        "Mettez « {file} » dans le dossier « {folder} » et actualisez l’onglet « Textual "
        "Inversion »."
    ),
    "usage.a1111.put_lora": (
        "Mettez « {file} » dans le dossier « {folder} » et actualisez l’onglet « Lora »."
    ),
    "usage.a1111.embedding_prompt": "Mettez le mot dans la demande, tel quel.",
    "usage.a1111.embedding_negative_prompt": "Mettez le mot dans la demande négative, tel quel.",
    "usage.a1111.lora_prompt": "Utilisez cette demande : la partie entre chevrons charge le LoRA.",
    "usage.invokeai.put_embedding": (
        "Ouvrez le Model Manager et ajoutez « {file} » depuis votre disque."
    ),
    "usage.invokeai.put_lora": "Ouvrez le Model Manager et ajoutez « {file} » depuis votre disque.",
    "usage.invokeai.embedding_prompt": "Écrivez ce texte dans la demande, chevrons compris.",
    "usage.invokeai.embedding_negative_prompt": (
        "Écrivez ce texte dans la demande négative, chevrons compris."
    ),
    "usage.invokeai.lora_prompt": (
        "Ajoutez le LoRA sous « Concepts », et mettez le mot dans la demande."
    ),
    "usage.companion": (
        "Faites de même avec « {companion} » : les deux ont été entraînés ensemble, et l’un ne va "
        "pas sans l’autre."
    ),
    "usage.companion_folder": (
        "Mettez « {companion} » dans le dossier « {companion_folder} » : les deux ont été "
        "entraînés ensemble, et l’un ne va pas sans l’autre."
    ),
    "usage.choose_model.sd1": "Choisissez un modèle de la famille Stable Diffusion 1.x.",
    "usage.choose_model.sd2": "Choisissez un modèle de la famille Stable Diffusion 2.x.",
    "usage.choose_model.sdxl": "Choisissez un modèle de la famille Stable Diffusion XL.",
}
