using System.Runtime.CompilerServices;
using System.Text;

namespace IoTPlatform.Iot;

/// <summary>The lines of a log file as they come; ends when the writer has ended and everything is read.</summary>
internal static class LogFollower
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(40);

    public static async IAsyncEnumerable<string> FollowAsync(string path, Task writer, TimeProvider time, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(file, Encoding.UTF8);
        var line = new StringBuilder();
        var buffer = new char[4096];
        while (true)
        {
            var ended = writer.IsCompleted;
            int read;
            while ((read = await reader.ReadAsync(buffer.AsMemory(), cancellationToken)) > 0)
            {
                foreach (var complete in Lines(line, buffer.AsMemory(0, read)))
                {
                    yield return complete;
                }
            }
            if (ended)
            {
                yield break;
            }

            await Task.Delay(PollInterval, time, cancellationToken);
        }
    }

    private static List<string> Lines(StringBuilder line, ReadOnlyMemory<char> text)
    {
        var complete = new List<string>();
        foreach (var c in text.Span)
        {
            if (c != '\n')
            {
                line.Append(c);
                continue;
            }
            complete.Add(line.ToString().TrimEnd('\r'));
            line.Clear();
        }
        return complete;
    }
}
