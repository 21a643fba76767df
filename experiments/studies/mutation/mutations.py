"""Textual mutations of the method's code: a wrong sign, operand or branch each, and the tests that must notice.

The campaign applies one at a time to a copy of src. `old` occurs exactly once in `file`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutation:
    """One wrong line.

    Attributes:
        name: equation first.
        file: below src/syrfa.
        old: what stands there.
        new: what stands there instead.
        tests: node ids below tests/ that are to fail.
    """

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


STREAMS = "equations/test_streams.py::TestEq1To3"
ADAPTED = "equations/test_streams.py::TestEq12To15"
STYLE = "models/test_style.py"
LOSSES = "equations/test_losses.py"
UNITS = "losses/test_alignment.py"
NORM = "models/test_norm.py"
HEAD = f"{UNITS}::test_head_gradient_equals_double_backward[l2-unit-head_options0]"
ALIGN = "equations/test_alignment.py::TestEq6To8And11::test_gradient_left_by_a_step_equals_differences"
PHASE1 = "equations/test_training_steps.py::TestEq10And18::test_update_direction_equals_complex_step"
PHASE2 = "equations/test_training_steps.py::TestEq17And19::test_gradients_equal_complex_step_and_nothing_else_has_one"
TURNS = "equations/test_training_steps.py::TestEq17And19::test_the_interleaved_step_has_the_same_gradients"
SCORE = "equations/test_score.py::TestEq20"


def _of(file: str, *rows: tuple[str, str, str, str]) -> list[Mutation]:
    return [Mutation(name, file, old, new, (test,)) for name, old, new, test in rows]


MUTATIONS: list[Mutation] = [
    *_of(
        "models/style.py",
        (
            "Eq. 1-3: own mean kept",
            "torch.lerp(means[other], mean, keep)",
            "torch.lerp(mean, means[other], keep)",
            STREAMS,
        ),
        (
            "Eq. 1-3: mean and deviation swapped",
            "torch.stack([mean, deviation], dim=1)",
            "torch.stack([deviation, mean], dim=1)",
            STREAMS,
        ),
        (
            "Eq. 1-3: deviations' ratio upside down",
            "torch.lerp(deviations[other], deviation, keep) / deviation",
            "deviation / torch.lerp(deviations[other], deviation, keep)",
            STREAMS,
        ),
        ("Eq. 1-3: spatial and spatiotemporal swapped", 'stats == "spatial"', 'stats != "spatial"', STREAMS),
        (
            "Eq. 1-3: swap and beta swapped",
            'if self.mix == "swap":',
            'if self.mix == "beta":',
            f"{STYLE}::test_beta_shares_follow_the_distribution",
        ),
        (
            "Eq. 1-3: one_of ignored",
            "if self.one_of:",
            "if False:",
            f"{STYLE}::test_one_of_picks_each_block_about_equally_often",
        ),
        (
            "Eq. 1-3: statistics not detached",
            "self._exchange(x.detach(), block, draw)",
            "self._exchange(x, block, draw)",
            f"{STYLE}::test_statistics_are_detached",
        ),
    ),
    *_of(
        "models/streams.py",
        (
            "Eq. 2: the clean stream restyled again",
            "self.style(augmented, number, draw.style)",
            "self.style(clean, number, draw.style)",
            STREAMS,
        ),
        (
            "Eq. 12-15: adapter on the restyled stream alone",
            "both = self._adapt(number, both, draw.adapted)",
            "both = torch.cat([both.chunk(2)[0], self._adapt(number, both, draw.adapted).chunk(2)[1]])",
            ADAPTED,
        ),
        (
            "Eq. 20: score past the adapters",
            "x = self._adapt(number, self.extractor.blocks[number - 1](x), adapted)",
            "x = self.extractor.blocks[number - 1](x)",
            SCORE,
        ),
    ),
    *_of(
        "models/extractor.py",
        (
            "Eq. 3: no InstanceNorm in the neck",
            "torch.relu(self.norm(self.conv(x.squeeze(2))))",
            "torch.relu(self.conv(x.squeeze(2)))",
            STREAMS,
        ),
    ),
    *_of(
        "models/adapters.py",
        ("Eq. 16: r w - r", "r * self.weight + r", "r * self.weight - r", "equations/test_streams.py::TestEq16"),
        ("AP: bias subtracted", "* scale + bias", "* scale - bias", ADAPTED),
        ("AP: no ReLU between layers", "(r.relu() if layer else r)", "r", ADAPTED),
    ),
    *_of(
        "models/heads.py",
        (
            "Eq. 5: f_c's ReLU the wrong way",
            "if layer and self.relu:",
            "if layer and not self.relu:",
            f"{LOSSES}::TestEq5",
        ),
        (
            "Eq. 5: f_c's bias subtracted",
            "difference = difference + self.bias[layer]",
            "difference = difference - self.bias[layer]",
            f"{LOSSES}::TestEq5",
        ),
    ),
    *_of(
        "losses/objectives.py",
        (
            "Eq. 4: minus",
            "+ F.cross_entropy(augmented_logits, labels)",
            "- F.cross_entropy(augmented_logits, labels)",
            f"{LOSSES}::TestEq4",
        ),
        (
            "Eq. 4: the clean stream twice",
            "F.cross_entropy(augmented_logits, labels)",
            "F.cross_entropy(logits, labels)",
            f"{LOSSES}::TestEq4",
        ),
        ("Eq. 5, l2: no root", "+ EPSILON).sqrt().mean()", "+ EPSILON).mean()", f"{LOSSES}::TestEq5"),
        (
            "Eq. 5, mse: sum for mean",
            "return scaled_difference.square().mean()",
            "return scaled_difference.square().sum()",
            f"{LOSSES}::TestEq5",
        ),
        (
            "Eq. 9: inverse permutation as target",
            "order.flatten())",
            "order.argsort(dim=1).flatten())",
            f"{LOSSES}::TestEq9",
        ),
        (
            "Eq. 9: frames permuted the other way",
            "order[:, None, :, None, None]",
            "order.argsort(dim=1)[:, None, :, None, None]",
            "losses/test_objectives.py::test_frame_i_of_a_permuted_tube_was_at_position_order_i",
        ),
    ),
    *_of(
        "losses/alignment.py",
        (
            "Eq. 8, unit: not normalised",
            "gradient / torch.linalg.vector_norm(gradient).clamp_min(EPSILON_NORM)",
            "gradient",
            f"{UNITS}::test_unit_loss_is_a_function_of_the_angle",
        ),
        (
            "Eq. 8, standardise: not centred",
            "(gradient - mean) / (",
            "gradient / (",
            f"{UNITS}::test_standardised_loss_is_a_function_of_the_correlation",
        ),
        ("Eq. 8, fixed: differentiated", 'if how == "standardise_fixed":', "if False:", f"{ALIGN}[fixed]"),
        (
            "Eq. 8: plus",
            "normalise_gradient(g_cls, how) - normalise",
            "normalise_gradient(g_cls, how) + normalise",
            f"{UNITS}::test_unit_loss_is_a_function_of_the_angle",
        ),
        ("Eq. 11: J u negated", "moved = push_forward(", "moved = -push_forward(", HEAD),
        ("Eq. 11: J of O + O'", "stream_difference(clean, augmented, order)", "clean + augmented", HEAD),
        (
            "Eq. 11: J of O - O' where f_c sees O' - O",
            "stream_difference(clean, augmented, order)",
            "clean - augmented",
            f"{ALIGN}[other-sign]",
        ),
        (
            "Eq. 11: u of the gradients swapped",
            "alignment_loss(flatten(g_cls).detach(), flat_sub, how)",
            "alignment_loss(flat_sub, flatten(g_sub).detach(), how)",
            HEAD,
        ),
    ),
    *_of(
        "modules/synth_knowledge.py",
        (
            "Eq. 6, 7: g_cls and g_sub swapped",
            "return found[0], found[1]",
            "return found[1], found[0][: len(found[1])]",
            f"{ALIGN}[last-block]",
        ),
        (
            "Eq. 6-8, last_block: block 2 with it",
            "self.extractor.blocks[:2] for",
            "self.extractor.blocks[:1] for",
            f"{ALIGN}[last-block]",
        ),
        (
            "Eq. 11, recompute: not taken anew",
            "if aligning and self.options.recompute:",
            "if False:",
            f"{ALIGN}[recompute]",
        ),
        ("Eq. 18: lambda_cont dropped", "(lambda_cont, l_cont, theta)", "(1.0, l_cont, theta)", f"{PHASE1}[paper]"),
        (
            "Eq. 18: every lambda dropped from the sum",
            "sum(weight * loss for weight, loss, _ in terms)",
            "sum(loss for _, loss, _ in terms)",
            f"{PHASE1}[no-alignment]",
        ),
        (
            "Eq. 18: O + O'",
            "difference = stream_difference(clean, augmented, self.options.consistency_input)",
            "difference = clean + augmented",
            f"{PHASE1}[no-alignment]",
        ),
        (
            "Eq. 10: f_t trained where it is to stay",
            "if not self.options.train_temporal_head:\n            f_t = []",
            "if False:\n            f_t = []",
            f"{PHASE1}[released]",
        ),
    ),
    *_of(
        "modules/steps.py",
        (
            "Eq. 4: labels the other way",
            'labels[len(batch["normal"]) :] = 1',
            'labels[: len(batch["normal"])] = 1',
            f"{PHASE1}[no-alignment]",
        ),
    ),
    *_of(
        "modules/steps.py",
        (
            "cosine schedule upside down",
            "0.5 * (1 + math.cos(",
            "0.5 * (1 - math.cos(",
            "modules/test_steps.py::test_progress_and_cosine",
        ),
    ),
    *_of(
        "modules/real_adapt.py",
        (
            "Eq. 19: minus",
            "return lambda_cont * l_cont + lambda_aux * l_aux",
            "return lambda_cont * l_cont - lambda_aux * l_aux",
            f"{PHASE2}[paper]",
        ),
        (
            "Eq. 17: f_c trained",
            "self.phase1.consistency.requires_grad_(self.train_consistency_head)",
            "self.phase1.consistency.requires_grad_(True)",
            f"{PHASE2}[paper]",
        ),
        (
            "Eq. 17: dropout in the frozen extractor",
            "train(mode and self.options.adapt_dropout)",
            "train(mode)",
            f"{PHASE2}[paper]",
        ),
        (
            "Eq. 17: no dropout where it is wanted",
            "train(mode and self.options.adapt_dropout)",
            "eval()",
            f"{PHASE2}[ap-5-released]",
        ),
    ),
    *_of(
        "modules/synth_knowledge.py",
        ("Eq. 19: O + O'", "stream_difference(clean, augmented, order)", "clean + augmented", f"{PHASE2}[paper]"),
        (
            "Eq. 19: O - O' where f_c sees O' - O",
            "stream_difference(clean, augmented, order)",
            "clean - augmented",
            f"{PHASE2}[ap-5-released]",
        ),
        ("Eq. 19: puzzle past the adapters", "puzzle, adapted=True)", "puzzle, adapted=False)", f"{PHASE2}[paper]"),
    ),
    *_of(
        "modules/interleaved.py",
        (
            "Eq. 19, interleaved: minus",
            "lambda_cont * l_cont + lambda_aux * l_aux, parameters",
            "lambda_cont * l_cont - lambda_aux * l_aux, parameters",
            TURNS,
        ),
        (
            "interleaved: one batch late",
            "(self.global_step + 1) % self.adapt_every",
            "self.global_step % self.adapt_every",
            "modules/test_interleaved.py::test_phase_two_comes_after_every_kth_batch",
        ),
    ),
    *_of(
        "models/heads.py",
        (
            "Table 5: gradient not reversed",
            "return -ctx.coefficient * gradient",
            "return ctx.coefficient * gradient",
            "models/test_heads.py::test_against_finite_differences_of_the_loss_behind_it",
        ),
    ),
    *_of(
        "losses/objectives.py",
        (
            "Table 5: both domains called source",
            "real = torch.ones(",
            "real = torch.zeros(",
            "losses/test_objectives.py::test_domain_loss_and_accuracy_equal_plain_loops",
        ),
        (
            "Table 5: coefficient falling",
            "math.exp(-alpha * progress)",
            "math.exp(alpha * progress)",
            "losses/test_objectives.py::test_coefficient_equals_the_formula",
        ),
    ),
    *_of(
        "models/norm.py",
        ("InstanceNorm: not scaled", "            centred.mul_(scale[part])\n", "", f"{NORM}::test_equals_torch"),
        (
            "InstanceNorm, backwards: plus",
            "found[part].addcmul_(x_hat[part], along, value=-1)",
            "found[part].addcmul_(x_hat[part], along, value=1)",
            f"{NORM}::test_first_and_second_derivatives_equal_finite_differences",
        ),
        (
            "InstanceNorm, derivative of the derivative: plus",
            "keepdim=True) - x_hat * along) * scale",
            "keepdim=True) + x_hat * along) * scale",
            f"{NORM}::test_first_and_second_derivatives_equal_finite_differences",
        ),
        (
            "InstanceNorm, backwards: the deviation's share negated",
            "extra = -g_scale",
            "extra = g_scale",
            f"{NORM}::test_first_and_second_derivatives_equal_finite_differences",
        ),
    ),
    *_of(
        "models/norm.py",
        (
            "Eq. 11, trace: dW negated",
            "moved[0].add_(moved[1])",
            "moved[0].sub_(moved[1])",
            f"{UNITS}::test_the_trace_of_the_first_pass_changes_nothing",
        ),
        (
            "Eq. 11, trace: derivative not standardised",
            "return standardised_tangent(total.to(x_hat.dtype), x_hat, scale)",
            "return total.to(x_hat.dtype) * scale",
            f"{UNITS}::test_the_trace_of_the_first_pass_changes_nothing",
        ),
    ),
    *_of(
        "losses/jigsaw.py",
        (
            "stage 0: patches moved the other way",
            "places.argsort(dim=1)",
            "places",
            "losses/test_jigsaw.py::test_a_patch_goes_where_its_label_says",
        ),
        (
            "stage 0: static tubes shuffled, the others not",
            "torch.where(static[:, None],",
            "torch.where(~static[:, None],",
            "losses/test_jigsaw.py::test_static_tubes_keep_their_order",
        ),
        (
            "stage 0: the best solved piece for the worst",
            ".amin(dim=-1)",
            ".amax(dim=-1)",
            "losses/test_jigsaw.py::test_normality_equals_a_loop",
        ),
    ),
    *_of("modules/base.py", ("Eq. 20: column 0", "softmax(dim=1)[:, 1]", "softmax(dim=1)[:, 0]", SCORE)),
    *_of(
        "evaluation/scores.py",
        ("Eq. 20: minimum of the frame", "np.maximum.at(highest", "np.minimum.at(highest", SCORE),
    ),
    *_of(
        "modules/steps.py",
        (
            "several processes: sum for mean",
            "    flat /= processes()\n",
            "",
            "modules/test_distributed_fit.py::test_two_processes_train_as_one",
        ),
    ),
    *_of(
        "modules/presets.py",
        (
            "preset released: l2 for mse",
            'consistency_norm="mse",',
            'consistency_norm="l2",',
            "docs/test_paper_map.py::test_the_presets_are_those_of_the_code",
        ),
    ),
]
