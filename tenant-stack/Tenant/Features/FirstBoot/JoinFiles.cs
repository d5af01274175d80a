using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.Tenant.Features.FirstBoot;

/// <summary>Where a tenant's data folder keeps what JOIN made. Every write replaces one whole file.</summary>
internal sealed class JoinFiles(DataFolder folder)
{
    /// <summary>The root this tenant trusts; <c>join-bundle/root_ca.crt</c> is a copy for others.</summary>
    public string TrustedRoot => folder.Combine("certs", "root_ca.crt");

    /// <summary>The root's list.</summary>
    public RevokedIntermediatesFile RevokedIntermediates { get; } = new(folder.Combine("certs", RevokedIntermediatesFile.Name));

    public string BridgeKey => InBundle("mqtt-bridge.key");
    public string BridgeCertificate => InBundle("mqtt-bridge.crt");

    /// <summary>The platform's root and intermediate, who certify the provider's servers.</summary>
    public string ProviderCas => InBundle("provider-ca.crt");

    /// <summary>The provider's whole answer: from it the other bundle files can be written again at any time.</summary>
    public string Bundle => InBundle("bundle.json");

    public string Folder => folder.Combine("join-bundle");

    public string InBundle(string name) => folder.Combine("join-bundle", name);

    public JoinBundle? ReadBundle() => ReadBundle(Bundle);

    public static JoinBundle? ReadBundle(string path)
    {
        if (ReadText(path) is not { } json)
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize(json, ContractsJson.Default.JoinBundle);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public void WriteBundle(JoinBundle bundle) => WriteBundle(Bundle, bundle);

    public static void WriteBundle(string path, JoinBundle bundle) =>
        Write(path, JsonSerializer.SerializeToUtf8Bytes(bundle, ContractsJson.Default.JoinBundle), AtomicFile.Secret);

    /// <summary>Null when there is none; throws <see cref="CryptographicException"/> for a file that holds no P-256 key.</summary>
    public ECDsa? ReadBridgeKey() => ReadKey(BridgeKey);

    /// <summary>As <see cref="ReadBridgeKey"/>.</summary>
    public static ECDsa? ReadKey(string path)
    {
        if (ReadText(path) is not { } pem)
        {
            return null;
        }

        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(pem);
            return key.KeySize == 256 ? key : throw new CryptographicException("not a P-256 key");
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException)
        {
            key.Dispose();
            throw new CryptographicException("the file holds no P-256 private key", e);
        }
    }

    /// <summary>The bridge certificate with its key. Throws <see cref="InvalidOperationException"/> when there is no key.</summary>
    public X509Certificate2 ReadBridgeIdentity(JoinBundle bundle)
    {
        using var certificate = Pem.ParseCertificate(bundle.MqttBridgeCert);
        using var key = ReadBridgeKey() ?? throw new InvalidOperationException($"{BridgeKey} is missing.");
        return certificate.CopyWithPrivateKey(key);
    }

    public static string? ReadText(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    public static void Write(string path, string content, UnixFileMode mode) => Write(path, Encoding.UTF8.GetBytes(content), mode);

    public static void Write(string path, ReadOnlySpan<byte> content, UnixFileMode mode)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        AtomicFile.Write(path, content, mode);
    }
}
