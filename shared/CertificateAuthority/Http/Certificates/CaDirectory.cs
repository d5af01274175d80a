using System.Security.Cryptography.X509Certificates;
using IoTPlatform.CertificateAuthority.Issuers;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority;

/// <summary>An authority of this host's chain.</summary>
/// <param name="Name">Its common name.</param>
/// <param name="Key">For people.</param>
public sealed record CaCertificateView(string Name, DateTimeOffset NotBefore, DateTimeOffset NotAfter, string Key);

/// <summary>Where a key of this host's CA is.</summary>
/// <param name="Of">Whose.</param>
/// <param name="Path">Below the data folder.</param>
/// <param name="IsHere">False: it was taken offline, or given up.</param>
public sealed record CaKeyView(string Of, string Path, bool IsHere);

/// <summary>This host's CA.</summary>
public sealed record CaView
{
    public required string RootFingerprint { get; init; }

    /// <summary>The root first.</summary>
    public required IReadOnlyList<CaCertificateView> Chain { get; init; }
    public required IReadOnlyList<CaKeyView> Keys { get; init; }
    public required IReadOnlyList<ProvisionerView> Provisioners { get; init; }

    /// <summary>Beside that of the chain, for provisioners to name.</summary>
    public required IReadOnlyList<IssuerView> Issuers { get; init; }

    /// <summary>Of the whole authority.</summary>
    public required AuthorityPolicyView Policy { get; init; }
}

/// <summary>What the CA is made of, and who gets certificates of it in which way.</summary>
public sealed class CaDirectory : IGuarded
{
    private readonly CertificateAuthorityModule _module;
    private readonly ProvisionerRegistry _provisioners;

    internal CaDirectory(CertificateAuthorityModule module, ProvisionerRegistry provisioners) => (_module, _provisioners) = (module, provisioners);

    public static string Policy => Policies.Viewer;

    public CaView Read() => new()
    {
        RootFingerprint = _module.Authority.RootFingerprint,
        Chain = [.. _module.Authority.Chain.Certificates.Reverse().Select(View)],
        Keys = [.. Keys(_module.Folder)],
        Provisioners = ProvisionerEndpoints.List(_provisioners, isAdmin: false).Items,
        Issuers = IssuerAdministration.List(_provisioners).Items,
        Policy = ProvisionerAdministration.ReadPolicy(_provisioners),
    };

    private static CaCertificateView View(X509Certificate2 certificate)
    {
        using var ecdsa = certificate.GetECDsaPublicKey();
        return new CaCertificateView(
            certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false), CertificateDates.NotBeforeUtc(certificate), CertificateDates.NotAfterUtc(certificate), ecdsa is null ? certificate.GetKeyAlgorithm() : $"ECDSA, {ecdsa.KeySize} bit");
    }

    private static IEnumerable<CaKeyView> Keys(DataFolder folder)
    {
        var generations = SubCaGeneration.All(folder);
        IEnumerable<(string Of, string Path)> keys = generations.Count > 0
            ? generations.Select(generation => ($"Sub-CA {generation.Number}", generation.KeyPath))
            : [("Root CA", CaFiles.RootKey(folder)), ("Intermediate CA", CaFiles.IntermediateKey(folder))];
        return keys.Select(key => new CaKeyView(key.Of, Path.GetRelativePath(folder.Path, key.Path), File.Exists(key.Path)));
    }
}
