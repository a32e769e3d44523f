"""What the SDK and C++ offer besides the array: GUI, loop control, output plumbing. It is followed only where it gives
a variable its value.
"""

from __future__ import annotations

from scamp_sim.compiler.sdk import tree
from scamp_sim.compiler.sdk.scope import Handle, Pointer, Unknown, Value

_PREFIXES = (
    "vs_gui_", "vs_post_", "vs_frame_", "vs_on_", "vs_loop_", "vs_stopwatch", "vs_led_", "vs_init", "vs_gpio_",
    "vs_wait", "vs_sleep", "vs_timer_", "vs_handle_", "vs_process", "vs_disable_", "vs_enable_", "vs_configure_",
    "vs_random", "vs_clock", "vs_get_", "vs_set_", "vs_read_", "vs_write_", "vs_usb_", "vs_ethernet_", "vs_flash_",
    "vs_pm_", "vs_m0_", "vs_io_", "vs_output_", "vs_message", "vs_file_", "vs_vision_", "vs_serial_", "vs_uart_",
    "vs_nsram_", "vs_pwm_", "vs_ipc_", "vs_app_", "vs_request_", "vs_prompt", "vs_print", "vs_exit", "vs_is_",
    "vs_has_", "vs_reset", "vs_delay", "vs_i2c_", "vs_spi_", "vs_ssp_", "vs_lpc", "vs_dac_", "vs_adc_", "vs_eeprom",
    "vs_trigger", "vs_framerate", "vs_fps", "scamp5_display_", "scamp5_post_", "scamp5_bind", "scamp5_init",
    "scamp5_get_temp", "scamp5_configure_", "rpc_", "scamp5_output_begin", "scamp5_output_end", "scamp5_set_",
    "scamp5_io_",
)  # fmt: skip
_NAMES = frozenset(
    ("printf", "sprintf", "snprintf", "fprintf", "puts", "putchar", "memset", "memcpy", "memmove", "strlen", "strcpy",
     "malloc", "free", "rand", "srand", "assert", "exit", "delay", "sleep", "usleep", "allow_highspeed", "move_to_heap",
     "set_highspeed", "vs_scamp5_get_parameter", "vs_scamp5_get_loop_counter", "vs_scamp5_configure_clock",
     "vs_scamp5_frame_rate")
)  # fmt: skip


FRAME_GAIN = "VS_GUI_FRAME_GAIN"
"""The SDK's own slider for the gain of the capture: it starts at 1."""


def is_stub(name: str) -> bool:
    """Whether a function does nothing to the array."""
    return name.startswith(_PREFIXES) or name in _NAMES


def is_callback(name: str) -> bool:
    """Whether a function keeps another one, to call it some day."""
    return name.startswith("vs_on_")


def gui(name: str, node: tree.Call, args: list[Value], given: dict[str, int]) -> Value:
    """Sliders and switches: the variable bound to one takes its default; reading one gives it."""
    if name in ("vs_gui_add_slider", "vs_gui_add_switch", "vs_gui_add_checkbox", "vs_gui_add_button"):
        at = 3 if name == "vs_gui_add_slider" else 1
        default = args[at] if len(args) > at else None
        if isinstance(default, float):
            default = int(default)
        bound = next((a for a in args[1:] if isinstance(a, Pointer)), None)
        if not isinstance(default, int):
            default = bound.cell.value if bound is not None else Unknown(node.place.text, "int", node.place)
        if bound is not None:
            bound.cell.default, bound.cell.writes, bound.cell.sources = default, 0, ()
            if bound.cell.name not in given:
                bound.cell.value = default
        return Handle(bound.cell.value if bound is not None else default)
    if name in ("vs_gui_read_slider", "vs_gui_get_slider", "vs_gui_read_switch") and args:
        handle = args[0]
        if isinstance(handle, Handle):
            return handle.value
        if isinstance(handle, Unknown) and handle.name == FRAME_GAIN:
            return 1
    if name in ("vs_gui_move_slider", "vs_gui_set_slider") and len(args) > 1 and isinstance(args[0], Pointer):
        if args[0].cell.name not in given and isinstance(args[1], int):
            args[0].cell.value = args[1]
        return None
    return Unknown(node.place.text, "int" if "display" not in name else "", node.place)
