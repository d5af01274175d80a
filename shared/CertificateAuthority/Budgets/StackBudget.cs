using IoTPlatform.Hosting;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Budgets;

/// <summary>What a stack gives out in all, by the word of who runs it: certificates of devices and of tokens and orders. Its own services' and authorities' are not counted.</summary>
public sealed record StackBudget
{
    public const string CertificatesSetting = "IOT_CERTIFICATES_PER_MONTH";
    public const string EndpointsSetting = "IOT_ENDPOINTS";

    private const int Largest = 100_000_000;

    /// <summary>Null: any number.</summary>
    public int? CertificatesPerMonth { get; init; }

    /// <summary>Active at a time; null: any number.</summary>
    public int? Endpoints { get; init; }

    public static IReadOnlyList<string> Settings { get; } = [CertificatesSetting, EndpointsSetting];

    public static StackBudget Read(SettingsReader settings) => new()
    {
        CertificatesPerMonth = settings.Number(CertificatesSetting, Largest, $"it must be 1 to {Largest}"),
        Endpoints = settings.Number(EndpointsSetting, Largest, $"it must be 1 to {Largest}"),
    };

    /// <summary>Of the stack alone.</summary>
    internal IEnumerable<IssuanceBudget> All(bool byNames)
    {
        if (CertificatesPerMonth is { } certificates)
        {
            yield return new IssuanceBudget { Scope = IssuanceBudget.Month + ":", Span = IssuanceBudget.Month, Most = certificates };
        }

        if (Endpoints is { } endpoints)
        {
            yield return new IssuanceBudget { Scope = IssuanceBudget.Endpoints + ":", Span = IssuanceBudget.Endpoints, Most = endpoints, ByNames = byNames };
        }
    }

    internal IEnumerable<IssuanceBudget> For(CertificateProfile profile, bool isOneByNames) =>
        profile.Name == Profiles.Device.Name ? All(byNames: true) : profile.Name == Profiles.Leaf.Name ? All(isOneByNames) : [];
}
