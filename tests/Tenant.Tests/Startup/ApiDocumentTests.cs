using System.Net.Http.Headers;
using System.Text.Json;
using IoTPlatform.Identity;
using IoTPlatform.Tenant.Tests.Support;
using IoTPlatform.Testing;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Tenant.Tests.Startup;

public sealed class ApiDocumentTests(SharedTenant shared) : IClassFixture<SharedTenant>
{
    [SkippableFact]
    public async Task Document_OfThisHost_HasEveryEndpointOfTheJsonApi()
    {
        var endpoints = shared.Tenant.Running!.Services.GetServices<EndpointDataSource>().SelectMany(s => s.Endpoints).OfType<RouteEndpoint>().ToList();

        using var handler = new SocketsHttpHandler();
        shared.Tenant.Trust.ApplyTo(handler.SslOptions, shared.Tenant.Url.Host);
        using var http = new HttpClient(handler) { BaseAddress = shared.Tenant.Url };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", IssuedToken.Of(shared.Tenant.Running.Services, "vera", Roles.Viewer));
        var document = JsonElement.Parse(await http.GetStringAsync("openapi/v1.json"));

        ApiDocumentCheck.Operations(document).ShouldBe(ApiDocumentCheck.Operations(endpoints, described: true), ignoreOrder: true);
        // What is below the issuer its discovery document describes.
        ApiDocumentCheck.Operations(endpoints, described: false).Where(operation => !operation.Contains(" /realms/cdm/", StringComparison.Ordinal) && !ApiDocumentCheck.IsOfPages(operation)).ShouldBe([.. ApiDocumentCheck.Undescribed, "GET /mqtt", "GET /portal/oidc/login", "GET /portal/oidc/callback"], ignoreOrder: true);
    }
}
