using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.CertificateAuthority;

public static class CertificateAuthorityServices
{
    /// <summary>Registers the module's parts, the authentication scheme <see cref="ClientCertificateDefaults.Scheme"/> and its policies. The caller disposes the module.</summary>
    public static IServiceCollection AddCertificateAuthority(this IServiceCollection services, CertificateAuthorityModule module) => throw new NotImplementedException();
}
