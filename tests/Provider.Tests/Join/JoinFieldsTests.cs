using IoTPlatform.Hosting;
using IoTPlatform.Provider.Features.Federation;
using IoTPlatform.Provider.Features.Join;

namespace IoTPlatform.Provider.Tests.Join;

public sealed class JoinFieldsTests
{
    [Theory]
    [InlineData("https://keycloak.acme.example")]
    [InlineData("https://keycloak.acme.example/")]
    [InlineData("https://keycloak.acme.example/auth/")]
    [InlineData("http://localhost:8080")]
    public void KeycloakUrl_GoodUrl_MakesOneExactRedirectUri(string url)
    {
        var redirect = FederationClient.RedirectUriOf("acme", JoinFields.KeycloakUrl(url))!;

        redirect.AbsoluteUri.ShouldBe(url.TrimEnd('/') + "/realms/acme/broker/cdm-provider/endpoint");
    }

    [Fact]
    public void PortalUrl_OfATenantWithoutKeycloak_MakesOneExactRedirectUri()
    {
        var portal = JoinFields.PortalUrl("https://acme.example:9543/");

        FederationClient.RedirectUriOf("acme", keycloakUrl: null, portal)!.AbsoluteUri.ShouldBe("https://acme.example:9543/portal/oidc/callback");
        FederationClient.RedirectUriOf("acme", "https://keycloak.acme.example", portal)!.Host.ShouldBe("keycloak.acme.example");
    }

    [Theory]
    [InlineData("http://keycloak.acme.example")]
    [InlineData("https://user:password@keycloak.acme.example")]
    [InlineData("https://keycloak.acme.example/?next=https://evil.example")]
    [InlineData("https://keycloak.acme.example/#x")]
    [InlineData("https://*.acme.example/")]
    [InlineData("javascript:alert(1)")]
    [InlineData("/relative")]
    [InlineData("not a url")]
    public void KeycloakUrl_UrlThatCouldHideSomething_IsRefused(string url) =>
        Should.Throw<ProblemException>(() => JoinFields.KeycloakUrl(url)).Code.ShouldBe("invalid_request");

    [Fact]
    public void KeycloakUrl_TooLong_IsRefused() =>
        Should.Throw<ProblemException>(() => JoinFields.KeycloakUrl("https://a.example/" + new string('a', 600))).Status.ShouldBe(400);

    [Theory]
    [InlineData("AAAA")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    [InlineData("!AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    public void WireGuardKey_NotThirtyTwoBytes_IsRefused(string key) => Should.Throw<ProblemException>(() => JoinFields.WireGuardKey(key)).Status.ShouldBe(400);

    [Fact]
    public void WireGuardKey_ThirtyTwoBytes_IsKept()
    {
        var key = Convert.ToBase64String(new byte[32]);

        JoinFields.WireGuardKey(key).ShouldBe(key);
    }

    [Fact]
    public void OptionalFields_Absent_AreNull()
    {
        JoinFields.WireGuardKey(null).ShouldBeNull();
        JoinFields.KeycloakUrl("").ShouldBeNull();
    }
}
