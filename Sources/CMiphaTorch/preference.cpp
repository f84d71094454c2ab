// Losses of pairs of answers where the model is, so that nobody waits for likelihoods.
#include "internal.h"

using mipha::guard;
using mipha::unwrap;

namespace {

// The likelihoods of the answers of one kind.
struct Side {
    at::Tensor logs, gains, counts;

    at::Tensor means() const { return logs.div(counts); }
};

Side side(const at::Tensor &logs, const at::Tensor &gains, const at::Tensor &counts, int64_t which) {
    const auto of = [&](const at::Tensor &all) { return all.view({-1, 2}).select(1, which); };
    return {of(logs), of(gains), of(counts)};
}

struct Pairs {
    at::Tensor losses, chosen_slopes, rejected_slopes, chosen_rewards, rejected_rewards;
};

// log(1 + exp(x)) without overflow: softplus, without a threshold.
at::Tensor positive_part(const at::Tensor &x) { return x.clamp_min(0).add(x.abs().neg().exp().log1p()); }

// -(1 - s) log sigmoid(x) - s log sigmoid(-x), and its derivative.
std::pair<at::Tensor, at::Tensor> logistic(const at::Tensor &x, double smoothing) {
    at::Tensor loss = positive_part(x.neg());
    if (smoothing != 0) {
        loss = loss.mul(1 - smoothing).add(positive_part(x).mul(smoothing));
    }
    return {loss, x.neg().sigmoid().neg().add(smoothing)};
}

Pairs pairs(const Side &chosen, const Side &rejected, const mt_preference_options &options) {
    const double beta = options.beta;
    switch (options.kind) {
    case MT_DPO: {
        const auto [loss, slope] =
            logistic(chosen.gains.sub(rejected.gains).mul(beta), options.smoothing);
        return {loss, slope.mul(beta), slope.mul(-beta), chosen.gains.mul(beta),
                rejected.gains.mul(beta)};
    }
    case MT_IPO: {
        const at::Tensor distance = chosen.gains.div(chosen.counts)
                                        .sub(rejected.gains.div(rejected.counts))
                                        .sub(1 / (2 * beta));
        return {distance.square(), distance.mul(2).div(chosen.counts),
                distance.mul(-2).div(rejected.counts), chosen.gains.mul(beta),
                rejected.gains.mul(beta)};
    }
    case MT_SIMPO: {
        const auto [loss, slope] =
            logistic(chosen.means().sub(rejected.means()).mul(beta).sub(options.gamma),
                     options.smoothing);
        return {loss, slope.mul(beta).div(chosen.counts), slope.mul(-beta).div(rejected.counts),
                chosen.means().mul(beta), rejected.means().mul(beta)};
    }
    }
    throw std::invalid_argument("unknown kind of preference loss");
}

} // namespace

mt_status mt_preference_loss(mt_tensor sums, mt_tensor facts, mt_preference_options options,
                             mt_tensor *loss, mt_tensor *slopes, mt_tensor *figures) {
    return guard([&] {
        const c10::NoGradGuard no_grad;
        const at::Tensor given = unwrap(sums), table = unwrap(facts);
        mipha::require_together("preference loss", {{"sums", given}, {"facts", table}});
        if (given.dim() != 1 || given.size(0) % 2 != 0 || table.scalar_type() != at::kLong ||
            table.numel() != 2 * given.numel()) {
            throw std::invalid_argument("expected pairs of answers, and two numbers for each answer");
        }
        const at::Tensor rows = table.reshape({-1, 2});
        const at::Tensor known = rows.select(1, 0).contiguous().view(at::kFloat).view({-1, 2});
        const at::Tensor counts = rows.select(1, 1).clamp_min(1).to(at::kFloat);
        const at::Tensor logs = given.to(at::kFloat).neg();
        // Near the reference the first difference is exact, and nothing of float64 is lost.
        const at::Tensor gains = logs.sub(known.select(1, 0)).sub(known.select(1, 1));
        const Side chosen = side(logs, gains, counts, 0), rejected = side(logs, gains, counts, 1);
        const Pairs found = pairs(chosen, rejected, options);
        const bool are_means = options.kind == MT_SIMPO;
        *loss = mipha::wrap(found.losses.sum());
        *slopes = mipha::wrap(
            at::stack({found.chosen_slopes, found.rejected_slopes}, 1).reshape({-1}));
        *figures = mipha::wrap(at::stack(
            {found.chosen_rewards.sum(), found.rejected_rewards.sum(),
             found.chosen_rewards.gt(found.rejected_rewards).sum().to(at::kFloat),
             (are_means ? chosen.means() : chosen.logs).sum(),
             (are_means ? rejected.means() : rejected.logs).sum()}));
    });
}
