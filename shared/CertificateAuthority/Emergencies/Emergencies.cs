using System.Collections.Frozen;
using System.Globalization;
using IoTPlatform.CertificateAuthority.Validation;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority;

/// <summary>
/// What is revoked in one act when something is in other hands. Each kind says before what it will hit and afterwards who still trusts it until when; the act
/// itself is one transaction, so a crash leaves all of it or nothing, and repeating it changes nothing. Also for pages.
/// </summary>
public sealed class Emergencies(Authority authority, IEnumerable<IEmergency> kinds, TimeProvider time) : IGuarded
{
    private const int LongestReason = 256;
    private readonly FrozenDictionary<string, IEmergency> _kinds = kinds.ToFrozenDictionary(k => k.Kind, StringComparer.Ordinal);

    public static string Policy => Policies.Admin;

    /// <summary>For example <c>key</c>.</summary>
    public IReadOnlyList<string> Kinds => [.. _kinds.Keys.Order(StringComparer.Ordinal)];

    /// <summary>Throws 404 <c>emergency_kind_unknown</c>, and what the kind says of its target.</summary>
    public async Task<EmergencyView> PreviewAsync(string kind, string target, CancellationToken cancellationToken)
    {
        var plan = await Find(kind).PlanAsync(target, cancellationToken);
        return View(kind, target, plan, await authority.CountAsync(plan.Selection, cancellationToken));
    }

    /// <summary>Throws also 400 <c>reason_code</c>, <c>bad_reason</c>, 409 <c>emergency_changed</c>.</summary>
    public async Task<EmergencyView> RunAsync(EmergencyOrder order, CancellationToken cancellationToken)
    {
        var kind = Find(order.Kind);
        if (order.ReasonCode is RevocationReason.CertificateHold or RevocationReason.RemoveFromCrl)
        {
            throw new ProblemException(400, "reason_code", "The reason code must be 0 to 10, without 6, 7 and 8 (RFC 5280 5.3.1): an emergency is final.");
        }

        if (order.Reason is { Length: > 0 } && !FreeText.IsValid(order.Reason, LongestReason))
        {
            throw new ProblemException(400, "bad_reason", string.Create(CultureInfo.InvariantCulture, $"The reason has at most {LongestReason} characters, and {FreeText.Refused}."));
        }

        if (order.Expected is { } expected && await PreviewAsync(order.Kind, order.Target, cancellationToken) is var shown && shown.Certificates != expected)
        {
            throw new ProblemException(
                409, "emergency_changed", string.Create(CultureInfo.InvariantCulture, $"It would hit {shown.Certificates} certificates, and not {expected}. Look at the preview again."));
        }

        await kind.RunAsync(order, cancellationToken);
        return await PreviewAsync(order.Kind, order.Target, cancellationToken);
    }

    private IEmergency Find(string kind) =>
        _kinds.GetValueOrDefault(kind) ?? throw new ProblemException(404, "emergency_kind_unknown", $"There is no emergency of this kind here. There are: {string.Join(", ", Kinds)}.");

    private EmergencyView View(string kind, string target, EmergencyPlan plan, CertificateCensus census)
    {
        var now = time.GetUtcNow();
        var at = census.RevokedAt ?? now;
        // Nobody trusts a certificate beyond its end; what a stolen key may sign has an end of its own.
        (string Who, DateTimeOffset Until)[] certificates = census.LastNotAfter is not { } end ? [] :
        [
            ("verifiers with an OCSP answer from before, also a stapled one", at + OcspAnswers.Lifetime),
            ("verifiers with a revocation list from before", at + RevocationLists.Lifetime),
            .. plan.StillTrusted.Where(t => t.For is not null).Select(t => (t.Who, at + t.For!.Value)),
            ("verifiers that look at no revocation, as Go's and so step", end),
        ];
        var trust = certificates.Select(t => new RemainingTrust { Who = t.Who, Until = t.Until < census.LastNotAfter ? t.Until : census.LastNotAfter!.Value })
            .Concat(plan.StillTrusted.Where(t => t.Until is not null).Select(t => new RemainingTrust { Who = t.Who, Until = t.Until!.Value }));
        return new EmergencyView
        {
            Kind = kind,
            Target = plan.Target ?? target,
            Certificates = census.Profiles.Sum(p => p.Certificates),
            Revoked = census.Profiles.Sum(p => p.Revoked),
            Profiles = census.Profiles,
            Subjects = census.Subjects,
            SubjectCount = census.SubjectCount,
            Consequences = plan.Consequences,
            StillTrusted = [.. trust.Where(t => t.Until > now)],
            RevokedAt = census.RevokedAt,
        };
    }
}

/// <summary>One kind of emergency.</summary>
public interface IEmergency
{
    /// <summary>As in the URL.</summary>
    string Kind { get; }

    /// <summary>Throws <c>ProblemException</c> for a target that is none. Changes nothing.</summary>
    Task<EmergencyPlan> PlanAsync(string target, CancellationToken cancellationToken);

    /// <summary>In one transaction, and again without effect. Throws what <see cref="PlanAsync"/> throws. The target is the plan's.</summary>
    Task RunAsync(EmergencyOrder order, CancellationToken cancellationToken);
}

/// <summary>What an emergency is about to do.</summary>
public sealed record EmergencyPlan
{
    public required CertificateSelection Selection { get; init; }

    /// <summary>The target that the act takes, where another one can be looked at: a name may mean something else the next time. Null: the same.</summary>
    public string? Target { get; init; }

    /// <summary>As in <see cref="EmergencyView.Consequences"/>.</summary>
    public IReadOnlyList<string> Consequences { get; init; } = [];

    /// <summary>Beside those who trust any revoked certificate for a while.</summary>
    public IReadOnlyList<TrustAfterwards> StillTrusted { get; init; } = [];
}

/// <param name="Who">A kind of verifier.</param>
/// <param name="For">From the revocation.</param>
/// <param name="Until">Instead.</param>
public sealed record TrustAfterwards(string Who, TimeSpan? For, DateTimeOffset? Until = null);

/// <summary>An emergency that an administrator wants done.</summary>
public sealed record EmergencyOrder
{
    public required string Kind { get; init; }

    public required string Target { get; init; }

    /// <summary>Null: the kind's own.</summary>
    public RevocationReason? ReasonCode { get; init; }

    public string? Reason { get; init; }

    /// <summary>As in <see cref="EmergencyRequest.Expected"/>.</summary>
    public int? Expected { get; init; }

    /// <summary>For the audit log.</summary>
    public required string By { get; init; }
}
