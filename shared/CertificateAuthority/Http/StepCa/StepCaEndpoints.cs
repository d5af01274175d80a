using Microsoft.AspNetCore.Routing;

namespace IoTPlatform.CertificateAuthority;

public static class StepCaEndpoints
{
    /// <summary>step-ca's HTTP API at <c>/</c> and <c>/1.0/</c>, in step-ca's own error shape. All of it is anonymous at the door: tokens and client certificates are checked inside.</summary>
    public static void MapStepCa(this IEndpointRouteBuilder app) => throw new NotImplementedException();
}
