using IoTPlatform.Contracts.Identity;

namespace IoTPlatform.Client;

/// <summary>Access tokens of a stack's issuer for a client that outlives one: fetched anew shortly before it ends, once for all callers.</summary>
/// <param name="fetch">Asks the issuer, within a time of its own.</param>
/// <param name="time">By which a token ends.</param>
public sealed class AccessTokens(Func<Task<IssuedTokens>> fetch, TimeProvider time)
{
    /// <summary>One is not used in its last moments.</summary>
    public static readonly TimeSpan Margin = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private Task<(string Token, DateTimeOffset Until)> _issued = Task.FromResult(("", DateTimeOffset.MinValue));

    public async Task<string> GetAsync(CancellationToken cancellationToken = default)
    {
        Task<(string Token, DateTimeOffset Until)> issued;
        lock (_gate)
        {
            if (_issued.IsFaulted || _issued.IsCanceled || (_issued.IsCompletedSuccessfully && time.GetUtcNow() >= _issued.Result.Until))
            {
                _issued = FetchAsync();
            }

            issued = _issued;
        }

        return (await issued.WaitAsync(cancellationToken)).Token;
    }

    private async Task<(string Token, DateTimeOffset Until)> FetchAsync()
    {
        var issued = await fetch();
        return (issued.AccessToken, time.GetUtcNow().AddSeconds(issued.ExpiresIn) - Margin);
    }
}
