using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using IoTPlatform.CertificateAuthority.Provisioners;

namespace IoTPlatform.CertificateAuthority.Budgets;

/// <summary>How many certificates a provisioner gives out, in all and to one (<c>options.limits</c>).</summary>
internal sealed record ProvisionerLimits
{
    private const int Largest = 100_000_000;

    /// <summary>By all credentials together, renewals included.</summary>
    public int? CertificatesPerHour { get; private init; }

    /// <summary>As <see cref="CertificatesPerHour"/>, in a month of the calendar.</summary>
    public int? CertificatesPerMonth { get; private init; }

    /// <summary>By one credential: a person, the subject of a key's tokens, the key of an X5C certificate, an ACME account.</summary>
    public int? PerCredentialPerHour { get; private init; }

    /// <summary>By one IPv4 address, or IPv6 /64.</summary>
    public int? PerSourcePerHour { get; private init; }

    /// <summary>Active at a time.</summary>
    public int? Endpoints { get; private init; }

    public static ProvisionerLimits None { get; } = new();

    /// <summary>Throws 422 for limits that are not understood.</summary>
    public static ProvisionerLimits Of(JsonElement limits)
    {
        if (limits.ValueKind != JsonValueKind.Object)
        {
            throw ProvisionerDefinition.Refused("its limits are no JSON object.");
        }

        var read = None;
        foreach (var member in limits.EnumerateObject().Where(member => member.Value.ValueKind != JsonValueKind.Null))
        {
            read = member.Name switch
            {
                "certificatesPerHour" => read with { CertificatesPerHour = Number(member) },
                "certificatesPerMonth" => read with { CertificatesPerMonth = Number(member) },
                "perCredentialPerHour" => read with { PerCredentialPerHour = Number(member) },
                "perSourcePerHour" => read with { PerSourcePerHour = Number(member) },
                "endpoints" => read with { Endpoints = Number(member) },
                _ => throw ProvisionerDefinition.Refused($"{member.Name} of its limits is not supported."),
            };
        }

        return read;
    }

    /// <summary>Of the provisioner alone: those that a renewal counts for.</summary>
    public IReadOnlyList<IssuanceBudget> Of(IProvisioner provisioner) =>
    [
        .. Some(IssuanceBudget.Hour, $"provisioner/{provisioner.Name}", CertificatesPerHour),
        .. Some(IssuanceBudget.Month, $"provisioner/{provisioner.Name}", CertificatesPerMonth),
        .. Some(IssuanceBudget.Endpoints, provisioner.Name, Endpoints).Select(budget => budget with { ByNames = IsByNames(provisioner) }),
    ];

    /// <summary>For a certificate that is asked for anew.</summary>
    /// <param name="provisioner">That these are of.</param>
    /// <param name="credential">See <see cref="SignGrant.BudgetKey"/>.</param>
    /// <param name="source">Address of the caller.</param>
    public IReadOnlyList<IssuanceBudget> For(IProvisioner provisioner, string credential, string source) =>
    [
        .. Of(provisioner),
        .. Some(IssuanceBudget.Hour, $"credential/{Digest(provisioner.Name, credential)}", PerCredentialPerHour),
        .. Some(IssuanceBudget.Hour, $"source/{Digest(provisioner.Name, source)}", PerSourcePerHour),
    ];

    /// <summary>Whether certificates of the same names are one endpoint. An ACME client renews by another order, whatever the provisioner's claims say.</summary>
    public static bool IsByNames(IProvisioner provisioner) => provisioner.Claims.DisableRenewal || provisioner is Acme.AcmeProvisioner;

    private static IEnumerable<IssuanceBudget> Some(string span, string of, int? most) =>
        most is { } number ? [new IssuanceBudget { Scope = $"{span}:{of}", Span = span, Most = number }] : [];

    /// <summary>Of whatever length and characters it is.</summary>
    private static string Digest(string provisioner, string of) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{provisioner}\n{of}")).AsSpan(0, 16));

    private static int Number(JsonProperty member) => member.Value.ValueKind == JsonValueKind.Number && member.Value.TryGetInt32(out var number) && number is >= 1 and <= Largest
        ? number
        : throw ProvisionerDefinition.Refused($"{member.Name} of its limits is no number from 1 to {Largest}.");
}
