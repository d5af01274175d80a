using Microsoft.AspNetCore.Routing;

namespace IoTPlatform.CertificateAuthority;

public static class CertificateEndpoints
{
    /// <summary>GET /portal/certificates, GET /portal/certificates/{serial} (Viewer), POST /portal/certificates/{serial}/revoke (Admin).</summary>
    public static void MapCertificates(this IEndpointRouteBuilder app) => throw new NotImplementedException();
}
