using System.Security.Cryptography.X509Certificates;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.Tenant.Features.FirstBoot;

/// <summary>
/// The join bundle as files for other programs (broker bridge, identity server): written from the provider's answer, and
/// written again when one was changed or lost. A service that the provider does not offer has no file.
/// </summary>
internal sealed class BundleFiles(JoinFiles files, Func<IssuerSet> issuers)
{
    public IReadOnlyList<BundleFile> Stale() => [.. Wanted(files.ReadBundle()!).Where(IsStale)];

    /// <summary>How many it wrote.</summary>
    public int WriteStale()
    {
        var stale = Stale();
        foreach (var file in stale)
        {
            JoinFiles.Write(files.InBundle(file.Name), file.Content, file.Mode);
        }

        return stale.Count;
    }

    /// <summary>Puts what the provider answered into the bundle as it is by now: another change may have come while the provider was asked. Throws for values that can't be in files.</summary>
    /// <param name="asked">The bundle as it was when the provider was asked, where it is gone.</param>
    /// <param name="change">The answer.</param>
    public void Replace(JoinBundle asked, Func<JoinBundle, JoinBundle> change)
    {
        var replaced = change(files.ReadBundle() ?? asked);
        if (BundleVerifier.ValueProblem(replaced) is { } problem)
        {
            throw new InvalidOperationException($"The provider's answer cannot be used: {problem}");
        }

        files.WriteBundle(replaced);
        WriteStale();
    }

    private bool IsStale(BundleFile file)
    {
        var path = files.InBundle(file.Name);
        return JoinFiles.ReadText(path) != file.Content || File.GetUnixFileMode(path) != file.Mode;
    }

    private IEnumerable<BundleFile> Wanted(JoinBundle bundle)
    {
        var installed = InstalledSubCa.From(issuers());
        yield return new("root_ca.crt", bundle.RootCaCert, AtomicFile.Public);
        yield return new("sub-ca.crt", installed.CertificatePem, AtomicFile.Public);
        yield return new("mqtt-bridge.crt", bundle.MqttBridgeCert, AtomicFile.Public);
        yield return new("mqtt-bridge-chain.crt", BridgeChain(bundle), AtomicFile.Public);
        yield return new("provider-ca.crt", bundle.CaChain, AtomicFile.Public);
        yield return new("ca-chain.crt", installed.ChainPem, AtomicFile.Public);
        if (bundle.RabbitmqUser is not null)
        {
            yield return new("rabbitmq.env", Environment(
                ("RABBITMQ_URL", bundle.RabbitmqUrl), ("RABBITMQ_MQTT_URL", bundle.RabbitmqMqttUrl),
                ("RABBITMQ_VHOST", bundle.RabbitmqVhost), ("RABBITMQ_USER", bundle.RabbitmqUser)), AtomicFile.Secret);
        }

        if (bundle.Federation() is { } federation)
        {
            yield return new("keycloak-federation.env", Environment(
                ("CDM_IDP_CLIENT_ID", federation.CdmIdpClientId), ("CDM_IDP_CLIENT_SECRET", federation.CdmIdpClientSecret),
                ("CDM_DISCOVERY_URL", federation.CdmDiscoveryUrl)), AtomicFile.Secret);
        }
    }

    // A TLS client sends its issuers along (RFC 8446 section 4.4.2): a broker that trusts only the root needs the intermediate.
    private static string BridgeChain(JoinBundle bundle) =>
        bundle.MqttBridgeCert.TrimEnd() + "\n" + string.Concat(Pem.ParseCertificates(bundle.CaChain).Where(IsBridgeIssuer).Select(c => Pem.Certificate(c.RawDataMemory.Span)));

    private static bool IsBridgeIssuer(X509Certificate2 certificate) =>
        !certificate.SubjectName.RawData.AsSpan().SequenceEqual(certificate.IssuerName.RawData);

    // Single quotes keep a value literal for docker compose and for a shell alike.
    private static string Environment(params (string Name, string? Value)[] values) =>
        string.Concat(values.Where(v => v.Value is not null).Select(v => $"{v.Name}='{v.Value}'\n"));
}

/// <summary>One file of the join bundle as it should be. A class, not a record: some carry secrets.</summary>
internal sealed class BundleFile(string name, string content, UnixFileMode mode)
{
    public string Name { get; } = name;
    public string Content { get; } = content;
    public UnixFileMode Mode { get; } = mode;
}
