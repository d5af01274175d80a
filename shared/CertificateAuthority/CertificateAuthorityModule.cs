using System.Security.Cryptography;
using IoTPlatform.CertificateAuthority.Administration;
using IoTPlatform.CertificateAuthority.Issuers;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.CertificateAuthority.Storage;
using IoTPlatform.CertificateAuthority.Upstream;
using IoTPlatform.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace IoTPlatform.CertificateAuthority;

/// <summary>A host's running authority with its provisioner and its own HTTPS certificate.</summary>
public sealed class CertificateAuthorityModule : IAsyncDisposable
{
    private readonly IssuanceLedger _ledger;
    private readonly TokenSweeper _sweeper;

    private CertificateAuthorityModule(
        Authority authority, JwkProvisioner iotBridge, ProvisionerRegistry provisioners, ProvisionerStore store, AuthorityPolicyStore policies, AdministratorStore administrators,
        ServiceCertificate serviceCertificate, IssuanceLedger ledger, TokenSweeper sweeper, IssuerStore issuers, CaPasswords passwords, DataFolder folder)
    {
        Folder = folder;
        Issuers = issuers;
        Passwords = passwords;
        Authority = authority;
        IotBridge = iotBridge;
        Provisioners = provisioners;
        ProvisionerStore = store;
        AuthorityPolicies = policies;
        Administrators = administrators;
        ServiceCertificate = serviceCertificate;
        _ledger = ledger;
        _sweeper = sweeper;
    }

    public Authority Authority { get; }

    /// <summary>Where the keys are.</summary>
    internal DataFolder Folder { get; }

    /// <summary>Of the keys.</summary>
    internal CaPasswords Passwords { get; }

    internal IssuerStore Issuers { get; }

    /// <summary>As it was at the start.</summary>
    internal JwkProvisioner IotBridge { get; }

    internal ProvisionerRegistry Provisioners { get; }

    internal ProvisionerStore ProvisionerStore { get; }

    internal AuthorityPolicyStore AuthorityPolicies { get; }

    internal AdministratorStore Administrators { get; }

    public ServiceCertificate ServiceCertificate { get; }

    public CertificateAuthorityOptions Options => Authority.Options;

    /// <summary>The migrations of this assembly must have been applied. Makes the provisioner key and the service certificate where they are missing.</summary>
    public static Task<CertificateAuthorityModule> StartAsync(
        CertificateAuthorityOptions options,
        IssuerSet issuers,
        NpgsqlDataSource database,
        DataFolder folder,
        CaPasswords passwords,
        TimeProvider time,
        ILoggerFactory logs,
        CancellationToken cancellationToken) =>
        StartAsync(options, issuers, database, folder, passwords, new LedgerOptions(), time, logs, cancellationToken);

    internal static async Task<CertificateAuthorityModule> StartAsync(
        CertificateAuthorityOptions options,
        IssuerSet issuers,
        NpgsqlDataSource database,
        DataFolder folder,
        CaPasswords passwords,
        LedgerOptions ledgerOptions,
        TimeProvider time,
        ILoggerFactory logs,
        CancellationToken cancellationToken)
    {
        var store = new CertificateStore(database);
        var provisioners = new ProvisionerStore(database, new DefinitionSecrets(SecretCipher.Of(folder)), options, time);
        await provisioners.EncryptAsync(cancellationToken);
        var iotBridge = await provisioners.EnsureJwkAsync(JwkProvisioner.DefaultName, passwords, cancellationToken);
        var ledger = new IssuanceLedger(database, ledgerOptions, time, logs.CreateLogger<IssuanceLedger>());
        try
        {
            var orders = new UpstreamStore(database, options.Upstream?.RootFingerprint ?? "", time);
            var authority = new Authority(issuers, store, ledger, options, time)
            {
                Upstream = options.Upstream is { } upstream
                    ? new UpstreamIssuer(new UpstreamClient(upstream, time), orders, ledger, logs.CreateLogger<UpstreamIssuer>())
                    : null,
            };
            authority.Learn(await orders.IssuersAsync(cancellationToken));
            var ownIssuers = new IssuerStore(database, time);
            await ImportedFolder.MoveAsync(folder, ownIssuers, time, logs.CreateLogger<IssuerStore>(), cancellationToken);

            var rootKey = SHA256.HashData(authority.Chain.Root.PublicKey.ExportSubjectPublicKeyInfo());
            var policies = new AuthorityPolicyStore(database, time);
            var registry = new ProvisionerRegistry(provisioners, policies, new IssuerRegistry(ownIssuers, authority, passwords, logs.CreateLogger<IssuerRegistry>()), store, rootKey, options, time, logs.CreateLogger<ProvisionerRegistry>());
            await registry.ReloadAsync(cancellationToken);
            var service = await ServiceCertificate.StartAsync(authority, folder, logs.CreateLogger<ServiceCertificate>(), cancellationToken);
            return new CertificateAuthorityModule(
                authority, iotBridge, registry, provisioners, policies, new AdministratorStore(database, time), service, ledger, new TokenSweeper(store, time, logs.CreateLogger<TokenSweeper>()), ownIssuers, passwords, folder);
        }
        catch
        {
            await ledger.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await ServiceCertificate.DisposeAsync();
        await _sweeper.DisposeAsync();
        await _ledger.DisposeAsync();
        Authority.Upstream?.Dispose();
        Provisioners.Dispose();
        IotBridge.Dispose();
    }
}
