using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace IoTPlatform.CertificateAuthority;

/// <summary>A host's running authority with its provisioner and its own HTTPS certificate.</summary>
public sealed class CertificateAuthorityModule : IAsyncDisposable
{
    private CertificateAuthorityModule() { }

    public Authority Authority => throw new NotImplementedException();

    public JwkProvisioner IotBridge => throw new NotImplementedException();

    public ServiceCertificate ServiceCertificate => throw new NotImplementedException();

    public CertificateAuthorityOptions Options => throw new NotImplementedException();

    /// <summary>The migrations of this assembly must have been applied. Makes the provisioner key and the service certificate where they are missing.</summary>
    public static Task<CertificateAuthorityModule> StartAsync(
        CertificateAuthorityOptions options,
        IssuerSet issuers,
        NpgsqlDataSource database,
        DataFolder folder,
        CaPasswords passwords,
        TimeProvider time,
        ILoggerFactory logs,
        CancellationToken cancellationToken) => throw new NotImplementedException();

    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
