using Microsoft.AspNetCore.Hosting;

namespace IoTPlatform.CertificateAuthority;

public static class ServiceCertificateHosting
{
    /// <summary>
    /// Listens on the given https URLs with the module's certificate. Client certificates are asked for, not demanded, and judged
    /// by the authentication scheme: the TLS layer builds no system-trust chain and downloads nothing.
    /// </summary>
    public static IWebHostBuilder UseServiceCertificate(this IWebHostBuilder builder, IEnumerable<string> urls, ServiceCertificate certificate) => throw new NotImplementedException();
}
