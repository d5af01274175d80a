using IoTPlatform.Jose;

namespace IoTPlatform.CertificateAuthority.Provisioners;

/// <summary>Every provisioner of this authority. A credential's kind decides whose it is.</summary>
internal sealed class ProvisionerRegistry
{
    private readonly ITokenProvisioner[] _byToken;

    public ProvisionerRegistry(IEnumerable<IProvisioner> provisioners)
    {
        All = [.. provisioners];
        _byToken = [.. All.OfType<ITokenProvisioner>()];
        if (All.DistinctBy(p => p.Name, StringComparer.Ordinal).Count() != All.Count)
        {
            throw new InvalidOperationException("Two provisioners have one name.");
        }
    }

    public IReadOnlyList<IProvisioner> All { get; }

    /// <summary>Throws <see cref="JoseException"/> for a token of none.</summary>
    public ITokenProvisioner ByToken(ParsedJws token) =>
        Array.Find(_byToken, p => p.Recognizes(token)) ?? throw new JoseException(JoseError.UnknownKey, "The token's key is not a provisioner's.");
}
