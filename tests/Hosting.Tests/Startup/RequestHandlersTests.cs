using System.Collections.Concurrent;
using System.Net;
using System.Text.Encodings.Web;
using IoTPlatform.Testing;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace IoTPlatform.Hosting.Tests.Startup;

public sealed class RequestHandlersTests : IAsyncLifetime
{
    private readonly Asked _asked = new();
    private TestApp _app = null!;

    public async Task InitializeAsync() => _app = await TestApp.StartAsync(
        app =>
        {
            app.MapGet("/issuer/keys", () => "endpoint").AllowAnonymous();
            app.MapGet("/issuer/page", () => "endpoint").AllowAnonymous();
            app.MapGet("/issuers", () => "endpoint").AllowAnonymous();
        },
        configure: builder => builder.Services.AddSingleton(_asked).AddSingleton(new RequestHandlerPath("/issuer"))
            .AddAuthentication().AddScheme<AuthenticationSchemeOptions, KeysHandler>("keys", null));

    public async Task DisposeAsync() => await _app.DisposeAsync();

    [SkippableFact]
    public async Task Scheme_RequestOnItsPath_AnswersInPlaceOfTheEndpoint()
    {
        using var response = await _app.GetAsync("/issuer/keys", null);

        (response.StatusCode, await response.Content.ReadAsStringAsync()).ShouldBe((HttpStatusCode.OK, "scheme"));
    }

    [SkippableFact]
    public async Task Scheme_RequestItDeclines_GoesOnToTheEndpoint()
    {
        using var response = await _app.GetAsync("/issuer/page", null);

        (response.StatusCode, await response.Content.ReadAsStringAsync()).ShouldBe((HttpStatusCode.OK, "endpoint"));
        _asked.Paths.ShouldBe(["/issuer/page"]);
    }

    [SkippableTheory]
    [InlineData("/issuers")]
    [InlineData("/health/live")]
    public async Task Scheme_RequestElsewhere_IsNotAsked(string path)
    {
        using var response = await _app.GetAsync(path, null);

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        _asked.Paths.ShouldBeEmpty();
    }

    private sealed class Asked
    {
        public ConcurrentQueue<string> Paths { get; } = new();
    }

    private sealed class KeysHandler(Asked asked, IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
        : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder), IAuthenticationRequestHandler
    {
        public async Task<bool> HandleRequestAsync()
        {
            asked.Paths.Enqueue(Request.Path.Value!);
            if (Request.Path != "/issuer/keys")
            {
                return false;
            }

            await Response.WriteAsync("scheme");
            return true;
        }

        protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(AuthenticateResult.NoResult());
    }
}
