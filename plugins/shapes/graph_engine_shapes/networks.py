"""The networks of the shapes world: standard classes of diffusers and transformers, at the size that was trained."""

from __future__ import annotations

from typing import Any

from diffusers import AutoencoderKL, DDIMScheduler, PriorTransformer, UNet2DConditionModel, UNet2DModel, VQModel
from diffusers.models.attention_processor import AttnAddedKVProcessor, AttnProcessor
from transformers import (
    CLIPConfig,
    CLIPForImageClassification,
    CLIPModel,
    CLIPTextConfig,
    CLIPTextModelWithProjection,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
    GPT2Config,
    GPT2LMHeadModel,
    T5Config,
    T5EncoderModel,
)

from graph_engine_shapes.tokenizer import MAX_TOKENS, tokens

TEXT_WIDTH = 128
BASE_SIZE, BASE_UNSHUFFLE, BASE_CHANNELS = 32, 2, (64, 128)
EMBEDDING_SCALE = TEXT_WIDTH**0.5
"""Unit embeddings reach a decoder multiplied by this, so that each entry is about one."""
UPSAMPLED_SIZE, UPSAMPLER_UNSHUFFLE, UPSAMPLER_CHANNELS = 64, 4, (64, 64)
SECOND_SIZE, SECOND_UNSHUFFLE = 128, 8
LATENT_CHANNELS = 4
CODES, GRID = 1024, 8
PRIOR_TOKENS, PRIOR_LEVELS = 40, 64


def _text_config(layers: int, projection: int) -> CLIPTextConfig:
    names = tokens()
    return CLIPTextConfig(
        vocab_size=len(names),
        hidden_size=TEXT_WIDTH,
        intermediate_size=4 * TEXT_WIDTH,
        num_hidden_layers=layers,
        num_attention_heads=4,
        max_position_embeddings=MAX_TOKENS,
        projection_dim=projection,
        hidden_act="gelu",
        pad_token_id=names.index("<pad>"),
        bos_token_id=names.index("<bos>"),
        eos_token_id=names.index("<eos>"),
        attn_implementation="eager",
    )


def text_encoder() -> CLIPTextModelWithProjection:
    """GLIDE's text tower: text_embeds (B, 256) go to the timestep embedding, last_hidden_state to the attention."""
    return CLIPTextModelWithProjection(_text_config(layers=4, projection=4 * BASE_CHANNELS[0]))


def t5_text_encoder() -> T5EncoderModel:
    """Imagen's text tower: it knows captions and nothing of pictures (Saharia et al. 2022, section 2.1)."""
    return T5EncoderModel(
        T5Config(
            vocab_size=len(tokens()),
            d_model=TEXT_WIDTH,
            d_kv=TEXT_WIDTH // 4,
            d_ff=3 * TEXT_WIDTH,
            num_layers=4,
            num_heads=4,
            relative_attention_max_distance=MAX_TOKENS,
            dropout_rate=0.0,
            feed_forward_proj="gated-gelu",
            pad_token_id=tokens().index("<pad>"),
            eos_token_id=tokens().index("<eos>"),
            attn_implementation="eager",
        )
    )


def unet(
    size: int, unshuffle: int, channels: tuple[int, ...], images: float, layers: int = 1, **more: Any
) -> UNet2DConditionModel:
    """A pixel U-Net with GLIDE's conditioning (Nichol et al. 2021, section 2.1).

    The text's pooled vector joins the timestep embedding, all its tokens join the keys and values of the
    self-attention. `images` is how many RGB pictures are concatenated at the input (2 for an upsampler; a mask is a
    third of one); `more` are settings of UNet2DConditionModel that replace these.
    """
    pixels = unshuffle * unshuffle * 3
    attending = len(channels) - 1
    settings: dict[str, Any] = {
        "sample_size": size // unshuffle,
        "in_channels": round(pixels * images),
        "out_channels": pixels,
        "down_block_types": ("ResnetDownsampleBlock2D",) + ("SimpleCrossAttnDownBlock2D",) * attending,
        "mid_block_type": "UNetMidBlock2DSimpleCrossAttn",
        "up_block_types": ("SimpleCrossAttnUpBlock2D",) * attending + ("ResnetUpsampleBlock2D",),
        "block_out_channels": channels,
        "layers_per_block": layers,
        "cross_attention_dim": TEXT_WIDTH,
        "attention_head_dim": 32,
        "class_embed_type": "identity",
        "resnet_time_scale_shift": "scale_shift",
        "norm_num_groups": 16,
        "flip_sin_to_cos": True,
        "freq_shift": 0,
    }
    net = UNet2DConditionModel(**{**settings, **more})
    net.set_attn_processor(AttnAddedKVProcessor())
    return net


def base_unet() -> UNet2DConditionModel:
    """32x32 RGB, unshuffled to 16x16x12."""
    return unet(BASE_SIZE, BASE_UNSHUFFLE, BASE_CHANNELS, images=1)


def unclip_unet() -> UNet2DConditionModel:
    """The base that is told the CLIP embedding of the picture as well: unCLIP's decoder (Ramesh et al. 2022)."""
    told = {"addition_embed_type": "image", "encoder_hid_dim_type": "text_image_proj", "encoder_hid_dim": TEXT_WIDTH}
    return unet(BASE_SIZE, BASE_UNSHUFFLE, BASE_CHANNELS, images=1, **told)


def inpaint_unet() -> UNet2DConditionModel:
    """The base beside the picture without its erased pixels (3 channels) and the mask of what is known (1)."""
    return unet(BASE_SIZE, BASE_UNSHUFFLE, BASE_CHANNELS, images=7 / 3)


T5_TEXT = {
    "class_embed_type": None,
    "addition_embed_type": "text",
    "addition_embed_type_num_heads": 4,
    "encoder_hid_dim_type": "text_proj",
    "encoder_hid_dim": TEXT_WIDTH,
}
"""How Imagen's U-Nets take the text: projected to the attention, pooled by attention to the timestep embedding."""


def imagen_unet() -> UNet2DConditionModel:
    """The base on the states of a text-only encoder, conditioned as DeepFloyd IF is."""
    return unet(BASE_SIZE, BASE_UNSHUFFLE, BASE_CHANNELS, images=1, **T5_TEXT)


def imagen_upsampler_unet() -> UNet2DConditionModel:
    """The upsampler to 64x64 on those states; it is told how much noise its low resolution has."""
    told = T5_TEXT | {"class_embed_type": "timestep"}
    return unet(UPSAMPLED_SIZE, UPSAMPLER_UNSHUFFLE, UPSAMPLER_CHANNELS, images=2, **told)


def upsampler_unet() -> UNet2DConditionModel:
    """64x64 RGB beside the 32x32 picture enlarged to 64x64, unshuffled to 16x16x96."""
    return unet(UPSAMPLED_SIZE, UPSAMPLER_UNSHUFFLE, UPSAMPLER_CHANNELS, images=2)


def textless_unet(size: int, unshuffle: int, channels: tuple[int, ...], images: int, **more: Any) -> UNet2DModel:
    """`unet` without text: plain self-attention, in the same places; `more` are settings of UNet2DModel."""
    pixels = unshuffle * unshuffle * 3
    return UNet2DModel(
        sample_size=size // unshuffle,
        in_channels=pixels * images,
        out_channels=pixels,
        down_block_types=("ResnetDownsampleBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "ResnetUpsampleBlock2D"),
        block_out_channels=channels,
        layers_per_block=1,
        attention_head_dim=32,
        attn_norm_num_groups=16,
        resnet_time_scale_shift="scale_shift",
        downsample_type="resnet",
        upsample_type="resnet",
        norm_num_groups=16,
        **more,
    )


def second_upsampler_unet() -> UNet2DModel:
    """128x128 RGB beside the 64x64 picture enlarged to 128x128, unshuffled to 16x16x384; told its noise level."""
    return textless_unet(SECOND_SIZE, SECOND_UNSHUFFLE, UPSAMPLER_CHANNELS, images=2, class_embed_type="timestep")


def adm_unet(classes: int) -> UNet2DModel:
    """The base with a class in the text's place; the last row of the table is "no class" (Dhariwal & Nichol 2021)."""
    return textless_unet(BASE_SIZE, BASE_UNSHUFFLE, BASE_CHANNELS, images=1, num_class_embeds=classes + 1)


def scheduler(prediction_type: str = "v_prediction") -> DDIMScheduler:
    """The cosine schedule. The base predicts v, the upsampler "sample", which is the clean picture.

    DDIM starts at the last timestep, where the signal is all but gone. The estimate of x0 is not clipped: DDIMScheduler
    keeps the noise of the unclipped estimate, and with guidance the two together lead away from the prompt.
    """
    return DDIMScheduler(
        num_train_timesteps=1000,
        beta_schedule="squaredcos_cap_v2",
        prediction_type=prediction_type,
        clip_sample=False,
        set_alpha_to_one=True,
        timestep_spacing="trailing",
    )


def clip() -> CLIPModel:
    """A CLIP for 32x32 pictures in patches of 4."""
    vision = {
        "hidden_size": TEXT_WIDTH,
        "intermediate_size": 4 * TEXT_WIDTH,
        "num_hidden_layers": 4,
        "num_attention_heads": 4,
        "image_size": BASE_SIZE,
        "patch_size": 4,
        "hidden_act": "gelu",
        "projection_dim": TEXT_WIDTH,
    }
    config = CLIPConfig(
        text_config=_text_config(3, TEXT_WIDTH).to_dict(),
        vision_config=vision,
        projection_dim=TEXT_WIDTH,
        attn_implementation="eager",
    )
    return CLIPModel(config)


def latent_unet() -> UNet2DConditionModel:
    """The base's trunk between 16x16x4 latents."""
    return unet(16, 1, BASE_CHANNELS, images=1, in_channels=LATENT_CHANNELS, out_channels=LATENT_CHANNELS)


def vae() -> AutoencoderKL:
    """64x64 RGB to 16x16x4 latents and back."""
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        block_out_channels=(16, 32, 64),
        layers_per_block=1,
        latent_channels=LATENT_CHANNELS,
        norm_num_groups=8,
        sample_size=UPSAMPLED_SIZE,
        mid_block_add_attention=False,
    )


def vq() -> VQModel:
    """32x32 RGB to 8x8 codes and back: the continuous autoencoder, half the size, with attention in the middle."""
    return VQModel(
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        block_out_channels=(16, 32, 64),
        layers_per_block=1,
        latent_channels=LATENT_CHANNELS,
        num_vq_embeddings=CODES,
        vq_embed_dim=LATENT_CHANNELS,
        norm_num_groups=8,
        sample_size=BASE_SIZE,
        mid_block_add_attention=True,
        lookup_from_codebook=True,
    )


def dalle_transformer() -> GPT2LMHeadModel:
    """A decoder over 24 text tokens and 64 image tokens; the text's ids lie above the image's."""
    return _writer(CODES + len(tokens()), MAX_TOKENS + GRID * GRID)


def parti_decoder() -> GPT2LMHeadModel:
    """A decoder over a start token and 64 image tokens that looks at the states of a text encoder."""
    return _writer(CODES + 1, GRID * GRID, add_cross_attention=True)


def _writer(ids: int, positions: int, **more: Any) -> GPT2LMHeadModel:
    config = GPT2Config(
        vocab_size=ids,
        n_positions=positions,
        n_embd=TEXT_WIDTH,
        n_layer=8,
        n_head=4,
        activation_function="gelu",
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=CODES,
        eos_token_id=CODES,
        attn_implementation="eager",
        **more,
    )
    return GPT2LMHeadModel(config)


def _noised_vision() -> dict[str, Any]:
    """CLIP's image tower with the timestep's plane as a fourth channel."""
    vision = clip().config.vision_config.to_dict()
    return vision | {"num_channels": 4, "projection_dim": TEXT_WIDTH, "attn_implementation": "eager"}


def classifier(classes: int) -> CLIPForImageClassification:
    """A classifier of noised 32x32 pictures."""
    config = CLIPConfig(vision_config=_noised_vision(), num_labels=classes, attn_implementation="eager")
    return CLIPForImageClassification(config)


def noised_tower() -> CLIPVisionModelWithProjection:
    """An image tower for noised 32x32 pictures."""
    return CLIPVisionModelWithProjection(CLIPVisionConfig(**_noised_vision()))


def prior() -> PriorTransformer:
    """The diffusion prior: text states, text point, timestep, noised embedding and a query, each seeing all."""
    net = PriorTransformer(
        num_attention_heads=4,
        attention_head_dim=TEXT_WIDTH // 4,
        num_layers=5,
        embedding_dim=TEXT_WIDTH,
        num_embeddings=MAX_TOKENS,
        additional_embeddings=4,
    )
    net.set_attn_processor(AttnProcessor())
    return net


def ar_prior() -> GPT2LMHeadModel:
    """A transformer that writes the embedding's quantised components after the text's states and its point."""
    return GPT2LMHeadModel(
        GPT2Config(
            vocab_size=PRIOR_LEVELS,
            n_positions=MAX_TOKENS + 1 + PRIOR_TOKENS,
            n_embd=TEXT_WIDTH,
            n_layer=4,
            n_head=4,
            resid_pdrop=0.0,
            embd_pdrop=0.0,
            attn_pdrop=0.0,
            bos_token_id=0,
            eos_token_id=0,
            attn_implementation="eager",
        )
    )
