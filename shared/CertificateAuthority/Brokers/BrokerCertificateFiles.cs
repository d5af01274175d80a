using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.CertificateAuthority;

/// <summary>root.pem, server.pem and the CRLs, as deploy/rabbitmq names them. The folder's group reads the key: RabbitMQ runs as another user.</summary>
public sealed class BrokerCertificateFiles(string folder)
{
    private const UnixFileMode Group = AtomicFile.Secret | UnixFileMode.GroupRead;

    private string RootFile => Path.Combine(folder, "root.pem");

    private string ServerFile => Path.Combine(folder, "server.pem");

    /// <summary>
    /// The root, and the CAs between it and the issuer, without which RabbitMQ cannot verify the issuer's CRL. At the provider there is none:
    /// with its own Intermediate CA beside the root, RabbitMQ would accept what a tenant's Sub-CA signed.
    /// </summary>
    public void SaveRoots(CertificateChain chain)
    {
        var pem = Pem.Certificates([chain.Root, .. chain.Certificates[1..^1]]);
        if (!File.Exists(RootFile) || File.ReadAllText(RootFile, Encoding.ASCII) != pem)
        {
            AtomicFile.WriteText(RootFile, pem, AtomicFile.Public);
        }
    }

    /// <summary>Key, certificate and intermediate in one file: no crash can part them.</summary>
    public void Save(ECDsa key, string chainPem) => AtomicFile.WriteText(ServerFile, key.ExportPkcs8PrivateKeyPem() + "\n" + chainPem, Group);

    /// <summary>Whether the broker sends these CAs along.</summary>
    public bool HasIssuers(CertificateChain chain) => File.Exists(ServerFile) && File.ReadAllText(ServerFile, Encoding.ASCII).EndsWith(chain.IntermediatesPem, StringComparison.Ordinal);

    /// <summary>Each as <c>{hash of the issuer's name}.r{number}</c>, which is how RabbitMQ finds it; lists of other issuers go.</summary>
    public void SaveRevocationLists(IReadOnlyList<(X509Certificate2 Issuer, byte[] Der)> lists)
    {
        var kept = new HashSet<string>(StringComparer.Ordinal);
        foreach (var group in lists.GroupBy(list => NameHash.Of(list.Issuer.SubjectName), StringComparer.Ordinal))
        {
            foreach (var (number, list) in group.Index())
            {
                var path = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{group.Key}.r{number}"));
                AtomicFile.WriteText(path, PemEncoding.WriteString("X509 CRL", list.Der) + "\n", AtomicFile.Public);
                kept.Add(path);
            }
        }

        foreach (var stale in Directory.EnumerateFiles(folder, "????????.r*").Where(path => !kept.Contains(path)).ToList())
        {
            File.Delete(stale);
        }
    }

    /// <summary>Null: none, or nothing usable.</summary>
    public X509Certificate2? TryLoad()
    {
        try
        {
            var pem = File.ReadAllText(ServerFile, Encoding.ASCII);
            return X509Certificate2.CreateFromPem(pem, pem);
        }
        catch (Exception e) when (e is FileNotFoundException or CryptographicException or PkiException)
        {
            return null;
        }
    }
}

public static class BrokerFilesServices
{
    /// <summary>Certificate, root and revocation lists of a RabbitMQ, kept in its folder.</summary>
    /// <param name="services">Get them.</param>
    /// <param name="folder">Where the broker reads.</param>
    /// <param name="hosts">DNS names and addresses of the broker.</param>
    public static IServiceCollection AddBrokerFiles(this IServiceCollection services, string folder, IReadOnlyList<string> hosts)
    {
        var files = new BrokerCertificateFiles(folder);
        services.AddHostedService(provider => ActivatorUtilities.CreateInstance<BrokerCertificate>(provider, hosts, files));
        services.AddHostedService(provider => ActivatorUtilities.CreateInstance<BrokerRevocationLists>(provider, files));
        return services;
    }
}
