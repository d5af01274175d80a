using System.Globalization;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.Agent;

/// <summary>
/// Commands on disk: <c>{id}.command</c> from before it is acknowledged until it is carried out, <c>{id}.answer</c> until the tenant has the answer,
/// <c>{id}.done</c> to know a repetition by. A command during which the agent was killed is carried out again.
/// </summary>
internal sealed class CommandInbox
{
    /// <summary>Beyond it commands are refused.</summary>
    private const int MostWaiting = 100;
    private const int MostRemembered = 1000;
    private const string Command = ".command";
    private const string Answer = ".answer";
    private const string Done = ".done";

    private readonly string _folder;
    private readonly SemaphoreSlim _commands = new(0, 1);
    private readonly SemaphoreSlim _answers = new(0, 1);

    private CommandInbox(string folder) => _folder = folder;

    public static CommandInbox Open(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            AtomicFile.DeleteLeftovers(folder);
            var inbox = new CommandInbox(folder);
            Signal(inbox._commands);
            return inbox;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentException($"cannot use the folder of commands {folder}: {e.Message}", e);
        }
    }

    /// <summary>On disk when it returns. False: too many wait.</summary>
    public bool TryAdd(long id, ReadOnlySpan<byte> body)
    {
        if (File.Exists(PathOf(id, Command)) || File.Exists(PathOf(id, Answer)) || File.Exists(PathOf(id, Done)))
        {
            return true;
        }

        if (Ids(Command).Count() >= MostWaiting)
        {
            return false;
        }

        AtomicFile.Write(PathOf(id, Command), body, AtomicFile.Secret);
        Signal(_commands);
        return true;
    }

    /// <summary>In the order of their ids; waits for one.</summary>
    public async Task<(long Id, AgentCommand? Command)> NextAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (Ids(Command).Order().Select(id => (long?)id).FirstOrDefault() is { } id)
            {
                return (id, AgentCommand.Parse(await File.ReadAllBytesAsync(PathOf(id, Command), cancellationToken)));
            }

            await _commands.WaitAsync(cancellationToken);
        }
    }

    /// <summary>It was carried out.</summary>
    public void Finish(long id, ReadOnlySpan<byte> answer)
    {
        AtomicFile.Write(PathOf(id, Answer), answer, AtomicFile.Secret);
        File.Delete(PathOf(id, Command));
        Signal(_answers);
    }

    /// <summary>It is not to be carried out.</summary>
    public void Forget(long id) => Remember(id, Command);

    /// <summary>Sends answers, those that wait first. Until a transport fails.</summary>
    public async Task SendAsync(Func<long, ReadOnlyMemory<byte>, CancellationToken, Task> send, CancellationToken cancellationToken)
    {
        while (true)
        {
            foreach (var id in Ids(Answer).Order().ToList())
            {
                await send(id, await File.ReadAllBytesAsync(PathOf(id, Answer), cancellationToken), cancellationToken);
                Remember(id, Answer);
            }

            await _answers.WaitAsync(cancellationToken);
        }
    }

    private void Remember(long id, string from)
    {
        AtomicFile.Write(PathOf(id, Done), [], AtomicFile.Secret);
        File.Delete(PathOf(id, from));
        foreach (var old in Ids(Done).OrderDescending().Skip(MostRemembered).ToList())
        {
            File.Delete(PathOf(old, Done));
        }
    }

    private IEnumerable<long> Ids(string extension) => Directory.EnumerateFiles(_folder, "*" + extension)
        .Select(path => long.TryParse(Path.GetFileNameWithoutExtension(path), NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : (long?)null).OfType<long>();

    private static void Signal(SemaphoreSlim semaphore)
    {
        if (semaphore.CurrentCount == 0)
        {
            semaphore.Release();
        }
    }

    private string PathOf(long id, string extension) => Path.Combine(_folder, id.ToString(CultureInfo.InvariantCulture) + extension);
}
