using System.Globalization;
using System.Security.Claims;
using System.Text.Encodings.Web;
using IoTPlatform.Hosting;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace IoTPlatform.Mqtt.Tests.Support;

/// <summary>The host's bearer scheme. A token is <c>name role seconds</c>, for so long.</summary>
internal sealed class TokenHandler(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory log, UrlEncoder encoder) : AuthenticationHandler<AuthenticationSchemeOptions>(options, log, encoder)
{
    public const string Name = "Bearer";

    protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(BearerToken.Of(Request)?.Split(' ') switch
    {
        ["away"] => AuthenticateResult.Fail(new ProblemException(503, "issuer_away", "The issuer's keys can't be had.")),
        [var name, var role, var seconds] => AuthenticateResult.Success(new AuthenticationTicket(
            new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Name, name), new Claim(ClaimTypes.Role, role)], Name)),
            new AuthenticationProperties { ExpiresUtc = TimeProvider.GetUtcNow().AddSeconds(int.Parse(seconds, CultureInfo.InvariantCulture)) },
            Name)),
        _ => AuthenticateResult.Fail("no token of this test's"),
    });
}
