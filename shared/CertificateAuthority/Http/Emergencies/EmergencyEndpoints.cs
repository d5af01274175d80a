using System.Security.Claims;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace IoTPlatform.CertificateAuthority;

public static class EmergencyEndpoints
{
    /// <summary>GET /portal/emergencies/{kind}/{target} shows what it would hit or has hit, POST does it (both Admin).</summary>
    public static void MapEmergencies(this IEndpointRouteBuilder app)
    {
        var emergencies = app.MapGroup("/portal/emergencies").RequireAuthorization(Emergencies.Policy);
        emergencies.MapGet("{kind}/{target}", PreviewAsync);
        emergencies.MapPost("{kind}/{target}", RunAsync);
    }

    private static async Task<Ok<EmergencyView>> PreviewAsync(Emergencies emergencies, string kind, string target, CancellationToken cancellationToken) =>
        TypedResults.Ok(await emergencies.PreviewAsync(kind, target, cancellationToken));

    private static async Task<Ok<EmergencyView>> RunAsync(
        Emergencies emergencies, string kind, string target, EmergencyRequest request, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        RevocationReason? reason = null;
        if (request.ReasonCode is { } code)
        {
            reason = RevocationReasons.TryParse(code, out var known) ? known : throw new ProblemException(400, "reason_code", "The reason code must be 0 to 10, without 6, 7 and 8 (RFC 5280 5.3.1).");
        }

        return TypedResults.Ok(await emergencies.RunAsync(
            new EmergencyOrder { Kind = kind, Target = target, ReasonCode = reason, Reason = request.Reason, Expected = request.Expected, By = user.Identity?.Name ?? "admin" }, cancellationToken));
    }
}
