using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.CertificateAuthority.Validation;

public static class ValidationEndpoints
{
    /// <summary>Revocation lists, OCSP and issuers' certificates, on the host's own port; also step-ca's <c>/crl</c>.</summary>
    public static void MapValidation(this IEndpointRouteBuilder app)
    {
        var endpoints = app.ServiceProvider.GetRequiredService<ValidationHandlers>();
        Map(app, endpoints);
        foreach (var path in (ReadOnlySpan<string>)["/crl", "/1.0/crl"])
        {
            app.MapMethods(path, ["GET", "HEAD"], (Delegate)endpoints.ActiveListAsync).AllowAnonymous().ExcludeFromDescription();
        }
    }

    /// <summary>What certificates name, below <see cref="Pki.ValidationAddress.Base"/>.</summary>
    internal static void Map(IEndpointRouteBuilder app, ValidationHandlers handlers)
    {
        // Described by RFC 5280, 6960 and 5019, and none of it is JSON.
        var api = app.MapGroup("/").AllowAnonymous().ExcludeFromDescription();
        api.MapMethods("crl/{issuer}.crl", ["GET", "HEAD"], (string issuer, CancellationToken cancellationToken) => handlers.ListAsync(issuer, shard: null, cancellationToken));
        api.MapMethods("crl/{issuer}/{shard}.crl", ["GET", "HEAD"], (string issuer, string shard, CancellationToken cancellationToken) => handlers.ListAsync(issuer, shard, cancellationToken));
        api.MapMethods("ca/{issuer}.crt", ["GET", "HEAD"], handlers.Issuer);
        api.MapPost("ocsp", (Delegate)handlers.PostAsync).WithMetadata(new RequestSizeLimitAttribute(OcspRequest.MaxBytes)).DisableAntiforgery();
        api.MapGet("ocsp/{**request}", handlers.GetAsync);
    }
}
