using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.CertificateAuthority;

public static class StepCaEndpoints
{
    /// <summary>step-ca's HTTP API at <c>/</c> and <c>/1.0/</c>, in step-ca's own error shape. All of it is anonymous for the router: the handlers check tokens and client certificates.</summary>
    public static void MapStepCa(this IEndpointRouteBuilder app)
    {
        var information = ActivatorUtilities.CreateInstance<StepCaInformation>(app.ServiceProvider);
        var issuing = ActivatorUtilities.CreateInstance<StepCaIssuing>(app.ServiceProvider);
        var revoking = ActivatorUtilities.CreateInstance<StepCaRevoking>(app.ServiceProvider);
        var edge = ActivatorUtilities.CreateInstance<StepCaEdge>(app.ServiceProvider);
        Administration.AdminEndpoints.Map(app);
        foreach (var prefix in (ReadOnlySpan<string>)["/", "/1.0/"])
        {
            // Described by step-ca: another's API, and none of our JSON dialect.
            var api = app.MapGroup(prefix).AllowAnonymous().ExcludeFromDescription();
            Map("GET", "health", information.HealthAsync);
            Map("GET", "version", information.VersionAsync);
            Map("GET", "roots", information.RootsAsync);
            Map("GET", "roots.pem", information.RootsPemAsync);
            Map("GET", "federation", information.RootsAsync);
            Map("GET", "root/{fingerprint}", information.RootAsync);
            Map("GET", "provisioners", information.ProvisionersAsync);
            Map("GET", "provisioners/{kid}/encrypted-key", information.EncryptedKeyAsync);
            Map("POST", "sign", issuing.SignAsync);
            Map("POST", "renew", issuing.RenewAsync);
            Map("POST", "re-sign", issuing.RenewAsync);
            Map("POST", "rekey", issuing.RekeyAsync);
            Map("POST", "revoke", revoking.RevokeAsync);

            void Map(string method, string pattern, Func<HttpContext, Task> handler)
            {
                api.MapMethods(pattern, [method], edge.Wrap(handler));
                api.Map(pattern, StepCaEdge.MethodNotAllowed);
            }
        }
    }
}
