using IoTPlatform.Identity.Oidc;
using IoTPlatform.Testing;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.Identity.Tests.Oidc;

public sealed class OidcHttpTests
{
    [Fact]
    public async Task GetAsync_ServerThatNeverFinishes_GivesUp()
    {
        await using var issuer = await OidcServer.StartAsync(TimeProvider.System);
        issuer.Discovery = async context =>
        {
            await context.Response.WriteAsync("{");
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        };
        using var http = new OidcHttp(new OidcOptions { Issuer = issuer.Issuer, CaFile = issuer.CaFile }, TimeSpan.FromMilliseconds(300));

        (await Should.ThrowAsync<OidcException>(() => http.GetAsync(new Uri(issuer.Issuer + "/.well-known/openid-configuration"), default))).Message.ShouldContain("did not answer within");
    }

    [Fact]
    public async Task GetAsync_ServerUnderAnIntermediateThatIsNotInTheFile_Refused()
    {
        using var folder = new TempFolder();
        await using var server = await IntermediateServer.StartAsync(folder);

        using (var rootOnly = new OidcHttp(new OidcOptions { Issuer = server.Url.AbsoluteUri, CaFile = server.RootOnly }))
        {
            await Should.ThrowAsync<OidcException>(() => rootOnly.GetAsync(server.Url, default));
        }

        using var both = new OidcHttp(new OidcOptions { Issuer = server.Url.AbsoluteUri, CaFile = server.RootAndIntermediate });
        (await both.GetAsync(server.Url, default)).ShouldBe("{}"u8.ToArray());
    }

    /// <summary>As below a root of others, which signs servers of others: a tenant's file has root and Intermediate CA of the provider.</summary>
    [Fact]
    public async Task GetAsync_ServerThatTheRootItselfSigned_RefusedWhereItsIntermediateIsInTheFile()
    {
        using var folder = new TempFolder();
        await using var server = await IntermediateServer.StartAsync(folder, isOfRoot: true);

        using (var both = new OidcHttp(new OidcOptions { Issuer = server.Url.AbsoluteUri, CaFile = server.RootAndIntermediate }))
        {
            await Should.ThrowAsync<OidcException>(() => both.GetAsync(server.Url, default));
        }

        using var rootOnly = new OidcHttp(new OidcOptions { Issuer = server.Url.AbsoluteUri, CaFile = server.RootOnly });
        (await rootOnly.GetAsync(server.Url, default)).ShouldBe("{}"u8.ToArray());
    }

    /// <summary>As at a tenant whose provider has replaced its Intermediate CA: nothing is started again.</summary>
    [Fact]
    public async Task GetAsync_FileReplaced_CountsFromTheNextHandshakeOn()
    {
        using var folder = new TempFolder();
        await using var server = await IntermediateServer.StartAsync(folder);
        var file = folder.Combine("provider-ca.crt");
        File.Copy(server.RootOnly, file);
        using var http = new OidcHttp(new OidcOptions { Issuer = server.Url.AbsoluteUri, CaFile = file });
        await Should.ThrowAsync<OidcException>(() => http.GetAsync(server.Url, default));

        File.Copy(server.RootAndIntermediate, file, overwrite: true);

        (await http.GetAsync(server.Url, default)).ShouldBe("{}"u8.ToArray());
    }
}
