using System.Net;
using System.Security.Cryptography;
using IoTPlatform.Client;
using IoTPlatform.Stacks;

namespace IoTPlatform.Benchmarks.Soak;

/// <summary>A body over the limit is answered with 413, and the answer arrives although the client is still sending.</summary>
internal static class OversizedBodies
{
    private const int Requests = 20;

    public static async Task PlayAsync(SoakCount count, CancellationToken cancellationToken)
    {
        await using var provider = await ProviderStack.StartAsync();
        for (var i = 0; i < Requests; i++)
        {
            var size = 128 * 1024 + RandomNumberGenerator.GetInt32(1024 * 1024);
            using var http = PlatformHttp.Create(provider.Url, provider.Trust.Provider(), client: null, TimeSpan.FromSeconds(20));
            using var body = new ByteArrayContent(new byte[size]) { Headers = { ContentType = new("application/json") } };
            var seen = await AnswerAsync(http, body, cancellationToken);
            count.Expect(seen == "413", () => $"{size} bytes: {seen}");
        }
    }

    private static async Task<string> AnswerAsync(HttpClient http, HttpContent body, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await http.PostAsync(new Uri("portal/admin/join", UriKind.Relative), body, cancellationToken);
            return answer.StatusCode == HttpStatusCode.RequestEntityTooLarge ? "413" : $"{(int)answer.StatusCode}";
        }
        catch (HttpRequestException e)
        {
            return e.InnerException?.Message ?? e.Message;
        }
    }
}
