using IoTPlatform.Hosting;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Provisioners;

/// <summary>Names that only a feature assigns; a one-time token cannot get them.</summary>
public interface IReservedNames
{
    /// <summary>Whose the first reserved name is, for the refusal; null: all are free.</summary>
    ValueTask<string?> OwnerOfAnyAsync(SubjectNames names, CancellationToken cancellationToken);
}

/// <summary>Every feature's reserved names together.</summary>
internal sealed class NameReservations(IEnumerable<IReservedNames> features)
{
    private readonly IReservedNames[] _features = [.. features];

    /// <summary>Throws 403 <c>name_reserved</c>.</summary>
    public async ValueTask RequireFreeAsync(SubjectNames names, CancellationToken cancellationToken)
    {
        foreach (var feature in _features)
        {
            if (await feature.OwnerOfAnyAsync(names, cancellationToken) is { } owner)
            {
                throw new ProblemException(403, "name_reserved", $"The names are reserved for {owner}: no one-time token buys them.");
            }
        }
    }
}

/// <summary>Names that are identities on the platform: SPIFFE ids of the platform's trust domains, and the names of bridges.</summary>
internal sealed class PlatformNames(CertificateAuthorityOptions options) : IReservedNames
{
    private const string BridgeSuffix = "-mqtt-bridge";
    private const string SpiffeScheme = "spiffe:";

    public ValueTask<string?> OwnerOfAnyAsync(SubjectNames names, CancellationToken cancellationToken) => ValueTask.FromResult(
        names.Uris.Any(IsOfThePlatform) ? "SPIFFE ids of the platform"
        : names.Dns.Append(names.CommonName ?? "").Any(name => name.EndsWith(BridgeSuffix, StringComparison.OrdinalIgnoreCase)) ? "MQTT bridges"
        : null);

    // However it is written: a verifier may be less strict than this authority. What can't be read as another domain's is taken for the platform's.
    private bool IsOfThePlatform(string uri) =>
        uri.StartsWith(SpiffeScheme, StringComparison.OrdinalIgnoreCase)
        && (!Uri.TryCreate(uri, UriKind.Absolute, out var parsed) || parsed.Host.Length == 0 || IsWithin(parsed.Host.TrimEnd('.'), options.PlatformDomain));

    private static bool IsWithin(string host, string domain) =>
        host.Equals(domain, StringComparison.OrdinalIgnoreCase) || host.EndsWith("." + domain, StringComparison.OrdinalIgnoreCase);
}
