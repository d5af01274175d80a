using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.CertificateAuthority;

/// <summary>This host's own HTTPS certificate, from its own authority, renewed in the background after two thirds of its life or when the issuer changes.</summary>
public sealed class ServiceCertificate : IAsyncDisposable
{
    internal ServiceCertificate() { }

    public X509Certificate2 Current => throw new NotImplementedException();

    /// <summary>Makes a new one now.</summary>
    public Task RenewAsync(CancellationToken cancellationToken) => throw new NotImplementedException();

    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
