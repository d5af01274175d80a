using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.Tenant.Features.FirstBoot;

/// <summary>Judges what the provider sent before anything of it is used: it must be complete, for our keys, and end in the trusted root.</summary>
internal static class BundleVerifier
{
    /// <summary>Null when the bundle can be used, else what is wrong with it. Throws <see cref="NotYetValidException"/> when that is the time alone.</summary>
    /// <param name="bundle">As it came.</param>
    /// <param name="subCaSpki">The key that the Sub-CA certificate must be for.</param>
    /// <param name="bridgeSpki">The key that the bridge certificate must be for.</param>
    /// <param name="root">The trusted one.</param>
    /// <param name="revoked">The root's list, where one is known.</param>
    /// <param name="now">When it must be good.</param>
    public static string? Problem(
        JoinBundle bundle, ReadOnlySpan<byte> subCaSpki, ReadOnlySpan<byte> bridgeSpki, X509Certificate2 root, RevokedIntermediates? revoked, DateTimeOffset now)
    {
        if (!TenantId.IsValid(bundle.TenantId))
        {
            return "its tenant id is malformed";
        }

        if (Uri.CheckHostName(bundle.PlatformDomain) != UriHostNameType.Dns)
        {
            return "its platform domain is malformed";
        }

        if (ValueProblem(bundle) is { } problem)
        {
            return problem;
        }

        try
        {
            var chain = Pem.ParseCertificates(bundle.CaChain);
            using var sentRoot = Pem.ParseCertificate(bundle.RootCaCert);
            if (!sentRoot.RawDataMemory.Span.SequenceEqual(root.RawDataMemory.Span) || !chain[^1].RawDataMemory.Span.SequenceEqual(root.RawDataMemory.Span))
            {
                return "its root is not the trusted one";
            }

            return RevocationProblem(chain, revoked) ?? SubCaProblem(bundle, subCaSpki, chain, root, now) ?? BridgeProblem(bundle, bridgeSpki, chain, root, now);
        }
        catch (Exception e) when (e is PkiException or CryptographicException)
        {
            return e.Message;
        }
    }

    /// <summary>Null unless the root has revoked an Intermediate CA of the chain.</summary>
    public static string? RevocationProblem(ImmutableArray<X509Certificate2> chain, RevokedIntermediates? revoked) =>
        revoked is not null && chain.Any(revoked.Contains) ? "the platform's root has revoked its Intermediate CA" : null;

    /// <summary>Null when the values can be lines of an env file. What the provider doesn't serve is left out as a whole.</summary>
    public static string? ValueProblem(JoinBundle bundle) =>
        EnvironmentValues(bundle).Any(file => !file.All(v => v is null) && file.Any(v => string.IsNullOrEmpty(v) || v.Any(c => char.IsControl(c) || c == '\'')))
            ? "a value is missing, or has quotes or control characters"
            : null;

    /// <summary>Null when the bridge certificate is for our key and name. Its dates keep no tenant from starting: devices do not need it.</summary>
    public static string? BridgeProblem(JoinBundle bundle, ReadOnlySpan<byte> bridgeSpki, ImmutableArray<X509Certificate2> chain, X509Certificate2 root, DateTimeOffset now)
    {
        using var bridge = Pem.ParseCertificate(bundle.MqttBridgeCert);
        var names = SubjectNames.FromCertificate(bridge);
        if (!Spki(bridge).AsSpan().SequenceEqual(bridgeSpki))
        {
            return "the bridge certificate is for another key";
        }

        if (names.CommonName != MqttBridgeName.For(bundle.TenantId) || !names.Uris.Contains(SpiffeId.Bridge(bundle.TenantId, bundle.PlatformDomain)))
        {
            return "the bridge certificate has another tenant's name";
        }

        var verified = ChainVerifier.Verify(bridge, chain, [root], CertificatePurpose.ClientAuth, now);
        return verified.IsValid || verified.WrongTime is not null ? null : $"the bridge certificate does not verify: {verified.Reason}";
    }

    private static string? SubCaProblem(JoinBundle bundle, ReadOnlySpan<byte> subCaSpki, ImmutableArray<X509Certificate2> chain, X509Certificate2 root, DateTimeOffset now)
    {
        using var subCa = Pem.ParseCertificate(bundle.SignedCert);
        if (!Spki(subCa).AsSpan().SequenceEqual(subCaSpki))
        {
            return "the Sub-CA certificate is for another key";
        }

        var verified = ChainVerifier.Verify(subCa, chain, [root], CertificatePurpose.CertificateAuthority, now);
        if (verified.WrongTime is not null)
        {
            throw new NotYetValidException($"the Sub-CA certificate is {verified.Reason}");
        }

        return verified.IsValid ? null : $"the Sub-CA certificate does not verify: {verified.Reason}";
    }

    private static byte[] Spki(X509Certificate2 certificate) => certificate.PublicKey.ExportSubjectPublicKeyInfo();

    private static string?[][] EnvironmentValues(JoinBundle bundle) =>
    [
        [bundle.RabbitmqUrl],
        [bundle.RabbitmqMqttUrl, bundle.RabbitmqVhost, bundle.RabbitmqUser],
        [bundle.CdmIdpClientId, bundle.CdmIdpClientSecret, bundle.CdmDiscoveryUrl],
    ];
}
