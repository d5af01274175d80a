using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;

namespace IoTPlatform.Hosting.OpenApi;

/// <summary>The host's JSON API as an OpenAPI document, made from its endpoints when it is asked for. Pages for people exclude themselves.</summary>
public static class ApiDocument
{
    private const string Session = "session";
    private const string Certificate = "certificate";

    public static IServiceCollection AddApiDocument(this IServiceCollection services, string title) => services.AddOpenApi(options => options.AddDocumentTransformer((document, _, _) =>
    {
        document.Info = new OpenApiInfo { Title = title, Version = "v1" };
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>(StringComparer.Ordinal)
        {
            [Session] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "An access token of the server's own issuer, or of the identity provider." },
            [Certificate] = new OpenApiSecurityScheme { Type = SecuritySchemeType.MutualTLS, Description = "The bridge's or the device's certificate." },
        };
        return Task.CompletedTask;
    }));

    /// <summary><c>GET /openapi/v1.json</c></summary>
    public static void MapApiDocument(this IEndpointRouteBuilder app, string policy) => app.MapOpenApi().RequireAuthorization(policy);
}
