using System.Net;
using System.Text.Json;
using IoTPlatform.Provider.Tests.Support;
using IoTPlatform.Testing;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Provider.Tests.Startup;

public sealed class ApiDocumentTests(ProviderFixture fixture) : IClassFixture<ProviderFixture>
{
    private IEnumerable<RouteEndpoint> Endpoints =>
        fixture.Provider.Services.GetRequiredService<IEnumerable<EndpointDataSource>>().SelectMany(source => source.Endpoints).OfType<RouteEndpoint>();

    [SkippableFact]
    public async Task Document_OfThisHost_HasEveryEndpointOfTheJsonApi()
    {
        var document = JsonElement.Parse((await (await fixture.Provider.AdminAsync()).GetAsync("openapi/v1.json")).Body);

        ApiDocumentCheck.Operations(document).ShouldBe(ApiDocumentCheck.Operations(Endpoints, described: true), ignoreOrder: true);
        // What is below the issuer its discovery document describes.
        ApiDocumentCheck.Operations(Endpoints, described: false).Where(operation => !operation.Contains(" /realms/cdm/", StringComparison.Ordinal) && !ApiDocumentCheck.IsOfPages(operation)).ShouldBe([.. ApiDocumentCheck.Undescribed, "GET /mqtt"], ignoreOrder: true);
        document.GetProperty("openapi").GetString()!.ShouldStartWith("3.");
    }

    [SkippableFact]
    public async Task Document_OfJoin_HasItsMembersAsTheyAreSent()
    {
        var document = JsonElement.Parse((await (await fixture.Provider.AdminAsync()).GetAsync("openapi/v1.json")).Body);

        var schemas = document.GetProperty("components").GetProperty("schemas");
        schemas.GetProperty("JoinRequest").GetProperty("properties").EnumerateObject().Select(p => p.Name).ShouldBe(["sub_ca_csr", "mqtt_bridge_csr", "wg_pubkey", "keycloak_url", "portal_url"], ignoreOrder: true);
        document.GetProperty("paths").GetProperty("/portal/admin/join").GetProperty("post").GetProperty("parameters").EnumerateArray().Select(p => p.GetProperty("name").GetString()).ShouldContain("X-Join-Key");
    }

    [SkippableFact]
    public async Task Document_WithoutSession_IsRefused() =>
        (await fixture.Provider.Anonymous().GetAsync("openapi/v1.json")).Status.ShouldBe(HttpStatusCode.Unauthorized);
}
