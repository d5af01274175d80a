using IoTPlatform.CertificateAuthority.Acme.Challenges;
using IoTPlatform.CertificateAuthority.Provisioners;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace IoTPlatform.CertificateAuthority.Acme;

public static class AcmeEndpoints
{
    /// <summary>The ACME server, where there is one, at <c>/acme/{provisioner}/</c> and <c>/2.0/acme/{provisioner}/</c>. All of it is anonymous for the router: requests are signed.</summary>
    public static void MapAcme(this IEndpointRouteBuilder app)
    {
        if (app.ServiceProvider.GetService<AcmeOptions>() is not { } options)
        {
            return;
        }

        var services = app.ServiceProvider;
        var edge = services.GetRequiredService<AcmeEdge>();
        var accounts = services.GetRequiredService<AcmeAccountHandlers>();
        var orders = services.GetRequiredService<AcmeOrderHandlers>();
        var authorizations = services.GetRequiredService<AcmeAuthorizationHandlers>();
        var revoking = services.GetRequiredService<AcmeRevoking>();
        var renewalInfo = services.GetRequiredService<AcmeRenewalInfo>();
        foreach (var prefix in (ReadOnlySpan<string>)["/acme/", "/2.0/acme/"])
        {
            // Described by RFC 8555.
            var api = app.MapGroup(prefix + options.Name).AllowAnonymous().ExcludeFromDescription();
            Map("GET", "directory", context => DirectoryAsync(context, options));
            Map("HEAD", "new-nonce", Nonce(StatusCodes.Status200OK));
            Map("GET", "new-nonce", Nonce(StatusCodes.Status204NoContent));
            Map("POST", "new-account", accounts.NewAsync);
            Map("POST", "account/{id}", accounts.UpdateAsync);
            Map("POST", "account/{id}/orders", accounts.OrdersAsync);
            Map("POST", "key-change", accounts.ChangeKeyAsync);
            Map("POST", "new-order", orders.NewAsync);
            Map("POST", "order/{id}", orders.ReadAsync);
            Map("POST", "order/{id}/finalize", orders.FinalizeAsync);
            Map("POST", "certificate/{id}", orders.CertificateAsync);
            Map("POST", "authz/{id}", authorizations.ReadAsync);
            Map("POST", "challenge/{id}/{challenge}", authorizations.ChallengeAsync);
            Map("POST", "revoke-cert", revoking.RevokeAsync);
            Map("GET", "renewal-info/{id}", renewalInfo.ReadAsync);

            void Map(string method, string pattern, Func<HttpContext, Task> handler) => api.MapMethods(pattern, [method], edge.Wrap(handler)).DisableAntiforgery();
        }
    }

    /// <summary>Nothing without options: no endpoint, no provisioner, nobody who connects anywhere.</summary>
    internal static IServiceCollection AddAcme(this IServiceCollection services, AcmeOptions? options)
    {
        if (options is null)
        {
            return services;
        }

        return services
            .AddSingleton(options)
            .AddSingleton<AcmeProvisioner>()
            .AddSingleton<IProvisioner>(provider => provider.GetRequiredService<AcmeProvisioner>())
            .AddSingleton<AcmeNonces>()
            .AddSingleton<AcmeAccounts>()
            .AddSingleton<AcmeOrders>()
            .AddSingleton<ChallengeTargets>()
            .AddSingleton<IChallengeKind, DnsChallenge>()
            .AddSingleton<IChallengeKind, HttpChallenge>()
            .AddSingleton<IChallengeKind, TlsAlpnChallenge>()
            .AddSingleton<ChallengeQueue>()
            .AddSingleton<ChallengeWorker>()
            .AddSingleton<IHostedService>(provider => provider.GetRequiredService<ChallengeWorker>())
            .AddSingleton<AcmeRequests>()
            .AddSingleton<AcmeEdge>()
            .AddSingleton<AcmeAccountHandlers>()
            .AddSingleton<AcmeOrderHandlers>()
            .AddSingleton<AcmeAuthorizationHandlers>()
            .AddSingleton<AcmeRevoking>()
            .AddSingleton<AcmeRenewalInfo>();
    }

    private static Task DirectoryAsync(HttpContext context, AcmeOptions options)
    {
        var links = AcmeLinks.Of(context, options.Name);
        return AcmeEdge.WriteAsync(
            context.Response, StatusCodes.Status200OK, new DirectoryAnswer(links.NewNonce, links.NewAccount, links.NewOrder, links.RevokeCert, links.KeyChange, links.RenewalInfo), AcmeJson.Default.DirectoryAnswer);
    }

    private static Func<HttpContext, Task> Nonce(int status) => context =>
    {
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    };
}
