using System.Security.Cryptography.X509Certificates;
using IoTPlatform.CertificateAuthority.Storage;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using IoTPlatform.Pki.Signing;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace IoTPlatform.CertificateAuthority;

/// <summary>The provider's CA: made once, resumed after a crash between any two files, and running without the root key once the intermediate exists.</summary>
public static class RootAndIntermediate
{
    /// <summary>The migrations must have been applied. Throws StartupException with what the operator can do.</summary>
    public static Task<IssuerSet> EnsureAsync(
        DataFolder folder,
        CaPasswords passwords,
        CertificateAuthorityOptions options,
        NpgsqlDataSource database,
        TimeProvider time,
        ILoggerFactory logs,
        CancellationToken cancellationToken) =>
        EnsureAsync(folder, passwords, options, replacement: null, database, time, logs, cancellationToken);

    /// <param name="folder">Has keys and certificates.</param>
    /// <param name="passwords">Of the keys.</param>
    /// <param name="options">Names.</param>
    /// <param name="replacement">Which Intermediate CA gives way to another one; null: none.</param>
    /// <param name="database">Its ledger.</param>
    /// <param name="time">Dates of certificates.</param>
    /// <param name="logs">Of the ledger.</param>
    /// <param name="cancellationToken">Gives up; the next start goes on.</param>
    public static async Task<IssuerSet> EnsureAsync(
        DataFolder folder,
        CaPasswords passwords,
        CertificateAuthorityOptions options,
        IntermediateReplacement? replacement,
        NpgsqlDataSource database,
        TimeProvider time,
        ILoggerFactory logs,
        CancellationToken cancellationToken)
    {
        await using var ceremony = new CaCeremony(folder, passwords, options, database, time, logs);
        var root = await ceremony.EnsureRootAsync(cancellationToken);
        var (intermediate, key) = await ceremony.EnsureIntermediateAsync(root, replacement, cancellationToken);
        var chain = Chain(intermediate, root);
        await ceremony.EnsureRevocationListAsync(root, intermediate, cancellationToken);
        // What they have issued is known by its record, so it still logs in and is renewed, even if their keys are in other hands.
        var earlier = EarlierIntermediates.Load(folder, passwords, time.GetUtcNow());
        return new IssuerSet(new CaSigner(intermediate, key), chain, earlier.Select(signer => signer.Certificate), earlier);
    }

    /// <summary>The folder has a CA that may have signed.</summary>
    public static bool Exists(DataFolder folder) => File.Exists(CaFiles.RootCertificate(folder)) || File.Exists(CaFiles.IntermediateCertificate(folder));

    /// <summary>The database holds the folder's root, or intermediate, certificate.</summary>
    public static async Task<bool> IsOnRecordAsync(DataFolder folder, NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        string[] files = [CaFiles.RootCertificate(folder), CaFiles.IntermediateCertificate(folder)];
        await using var command = database.CreateCommand("SELECT EXISTS (SELECT 1 FROM ca.certificates WHERE der = ANY ($1))");
        command.Parameters.Add(new NpgsqlParameter { Value = files.Where(File.Exists).Select(f => Pem.ParseCertificate(File.ReadAllText(f)).RawData).ToArray() });
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>Throws StartupException when they do not belong together.</summary>
    internal static CertificateChain Chain(X509Certificate2 intermediate, X509Certificate2 root)
    {
        try
        {
            return new CertificateChain([intermediate, root]);
        }
        catch (PkiException)
        {
            throw new StartupException("The intermediate certificate in the data folder was not issued by the root certificate beside it. Restore both from the same backup.");
        }
    }
}
