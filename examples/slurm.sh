#!/bin/bash
# Pretraining on 4 nodes of 8 GPUs. Submit with: sbatch examples/slurm.sh
# The job may be killed or preempted at any time: it is put back in the queue and goes on from its last checkpoint.
#SBATCH --job-name=hornbook
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1        # one torchrun on each node, which starts a process for each GPU
#SBATCH --gpus-per-node=8
#SBATCH --cpus-per-task=64
#SBATCH --time=24:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=%x-%j.log

set -euo pipefail
first=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)

srun torchrun \
    --nnodes "$SLURM_NNODES" --nproc-per-node 8 \
    --rdzv-backend c10d --rdzv-id "$SLURM_JOB_ID" --rdzv-endpoint "$first:29500" \
    --max-restarts 3 --no-python \
    hornbook train pretrain --tokens tokens/ --tokenizer tokenizer/ --out base \
        --model.layers 40 --model.hidden 5120 --model.heads 40 --model.kv-heads 10 --model.mlp 17920 \
        --batch-rows 5760 --microbatch-rows 1 \
        --sharding fsdp --activation-checkpointing --compile --threads 8
