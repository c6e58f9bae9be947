"""The networks of the shapes world: standard classes of diffusers and transformers, at the size that was trained."""

from __future__ import annotations

from diffusers import DDIMScheduler, UNet2DConditionModel
from diffusers.models.attention_processor import AttnAddedKVProcessor
from transformers import CLIPConfig, CLIPModel, CLIPTextConfig, CLIPTextModelWithProjection

from graph_engine_shapes.tokenizer import MAX_TOKENS, tokens

TEXT_WIDTH = 128
BASE_SIZE, BASE_UNSHUFFLE, BASE_CHANNELS = 32, 2, (64, 128)
UPSAMPLED_SIZE, UPSAMPLER_UNSHUFFLE, UPSAMPLER_CHANNELS = 64, 4, (64, 64)


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


def unet(size: int, unshuffle: int, channels: tuple[int, ...], images: int, layers: int = 1) -> UNet2DConditionModel:
    """A pixel U-Net with GLIDE's conditioning (Nichol et al. 2021, section 2.1).

    The text's pooled vector joins the timestep embedding, all its tokens join the keys and values of the
    self-attention. `images` is how many RGB pictures are concatenated at the input (2 for an upsampler).
    """
    pixels = unshuffle * unshuffle * 3
    attending = len(channels) - 1
    net = UNet2DConditionModel(
        sample_size=size // unshuffle,
        in_channels=pixels * images,
        out_channels=pixels,
        down_block_types=("ResnetDownsampleBlock2D",) + ("SimpleCrossAttnDownBlock2D",) * attending,
        mid_block_type="UNetMidBlock2DSimpleCrossAttn",
        up_block_types=("SimpleCrossAttnUpBlock2D",) * attending + ("ResnetUpsampleBlock2D",),
        block_out_channels=channels,
        layers_per_block=layers,
        cross_attention_dim=TEXT_WIDTH,
        attention_head_dim=32,
        class_embed_type="identity",
        resnet_time_scale_shift="scale_shift",
        norm_num_groups=16,
        flip_sin_to_cos=True,
        freq_shift=0,
    )
    net.set_attn_processor(AttnAddedKVProcessor())
    return net


def base_unet() -> UNet2DConditionModel:
    """32x32 RGB, unshuffled to 16x16x12."""
    return unet(BASE_SIZE, BASE_UNSHUFFLE, BASE_CHANNELS, images=1)


def upsampler_unet() -> UNet2DConditionModel:
    """64x64 RGB beside the 32x32 picture enlarged to 64x64, unshuffled to 16x16x96."""
    return unet(UPSAMPLED_SIZE, UPSAMPLER_UNSHUFFLE, UPSAMPLER_CHANNELS, images=2)


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
