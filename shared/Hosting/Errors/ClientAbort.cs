using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.Hosting;

/// <summary>Whether a request failed because its client went away: no error of ours, and nobody to answer.</summary>
public static class ClientAbort
{
    public static bool Is(HttpContext context, Exception exception)
    {
        for (var e = exception; e is not null; e = e.InnerException)
        {
            if (e is ConnectionResetException or ConnectionAbortedException || (e is OperationCanceledException or IOException && context.RequestAborted.IsCancellationRequested))
            {
                return true;
            }
        }

        return false;
    }
}
